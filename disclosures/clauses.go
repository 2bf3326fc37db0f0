package disclosures

import (
	_ "embed"
	"strings"

	"comment11/internal/strictyaml"
)

//go:embed clauses.yaml
var clausesText []byte

//go:embed comment-11.yaml
var commentText []byte

// Clause is one thing that the comment asks for, and what answers it.
type Clause struct {
	Clause  strictyaml.Text   `yaml:"clause,required"` // for example 11(a)
	Asks    strictyaml.Text   `yaml:"asks,required"`
	Answers []strictyaml.Text `yaml:"answers"` // blocks of tables, table/block
	Beside  []strictyaml.Text `yaml:"beside"`  // blocks that say more where it is answered, and do not answer it alone
	Text    bool              `yaml:"text"`    // the prose of the item answers it
	Reason  strictyaml.Text   `yaml:"reason"`  // why the data given cannot answer it
}

// Clauses are all clauses, in the letter's order.
func Clauses() ([]Clause, error) {
	var list []Clause
	return list, strictyaml.Decode("clauses.yaml", clausesText, &list)
}

// CommentItem is the text of one item of the comment; that before the items has none.
type CommentItem struct {
	Item strictyaml.Text `yaml:"item"`
	Text strictyaml.Text `yaml:"text,required"`
}

// Comment is the comment, word by word.
func Comment() ([]CommentItem, error) {
	var list []CommentItem
	err := strictyaml.Decode("comment-11.yaml", commentText, &list)
	for i := range list {
		list[i].Text.Value = strings.TrimSpace(list[i].Text.Value)
	}
	return list, err
}
