package batch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"comment11/configs"
	"comment11/disclosures"
	"comment11/disclosures/commentary"
	"comment11/disclosures/render"
	"comment11/internal/store"
	"comment11/internal/strictyaml"
)

// CommentaryFolder is where the texts of a period end are.
func CommentaryFolder(config configs.Config, asOf string) string {
	return filepath.Join(config.Folder, "commentary", asOf)
}

// AddLetter gives the packet its letter: the prose of every item, what answers each
// clause, adjustments and history. The error is ErrData and says what is wrong with the
// texts and which clauses are not answered; a draft is marked instead. With traces the
// page can say where each figure comes from: that is for readers within the firm.
func AddLetter(ctx context.Context, config configs.Config, packet *render.Packet, draft, traces bool) error {
	sources, err := commentary.Read(os.DirFS(CommentaryFolder(config, packet.AsOf)), "commentary/"+packet.AsOf)
	var faults strictyaml.Faults
	if errors.As(err, &faults) {
		return fmt.Errorf("%w: %w", ErrData, faults)
	}
	if err != nil {
		return err
	}
	letter := &render.Letter{}
	if config.Materiality != nil {
		letter.Material = config.Materiality.Balance
	}
	if faults, err = respond(*packet, letter, sources); err != nil {
		return err
	}
	if err := incomplete(letter.Covered, faults); err != nil && !draft {
		return err
	}
	if err := readHistory(ctx, config, *packet, letter); err != nil {
		return err
	}
	packet.Letter = letter
	if traces {
		return addTraces(ctx, config, packet)
	}
	return nil
}

// respond writes the letter's prose on the packet's figures, and says what answers each
// clause: when it is extracted, and again by verify.
func respond(packet render.Packet, letter *render.Letter, sources map[string]string) (strictyaml.Faults, error) {
	comment, err := disclosures.Comment()
	if err != nil {
		return nil, err
	}
	figures := figuresOf(packet)
	if letter.Material != "" {
		balance, err := decimal.NewFromString(letter.Material)
		if err != nil {
			return nil, fmt.Errorf("the letter's threshold of materiality: %w", err)
		}
		figures.Material = &balance
	}
	texts, faults := commentary.Evaluate(sources, "commentary/"+packet.AsOf, figures)
	if letter.Covered, err = coverage(packet, texts, faults); err != nil {
		return nil, err
	}
	letter.Items, letter.Faults = nil, nil
	for _, f := range faults {
		letter.Faults = append(letter.Faults, fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message))
	}
	for _, item := range comment {
		if item.Item.Value == "" {
			letter.Before = item.Text.Value
			continue
		}
		i := slices.IndexFunc(texts, func(t commentary.Text) bool { return t.Item == item.Item.Value })
		written := render.Item{ID: clauseOf(item.Item.Value), Asks: item.Text.Value, Prose: texts[i].Markdown}
		if source, there := sources[item.Item.Value]; there {
			written.Source = &source
		}
		letter.Items = append(letter.Items, written)
	}
	return faults, nil
}

// sourcesOf are the sources from which the prose of a letter was written.
func sourcesOf(letter render.Letter) map[string]string {
	sources := map[string]string{}
	for _, item := range commentary.Items {
		for _, written := range letter.Items {
			if written.ID == clauseOf(item) && written.Source != nil {
				sources[item] = *written.Source
			}
		}
	}
	return sources
}

func clauseOf(item string) string { return "11(" + item + ")" }

// DraftCommentary writes a first text for every item that has none. It gives the files
// that it wrote.
func DraftCommentary(config configs.Config, packet render.Packet) (written []string, err error) {
	folder, figures := CommentaryFolder(config, packet.AsOf), figuresOf(packet)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	for _, item := range commentary.Items {
		file := filepath.Join(folder, item+".md")
		if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		text, err := commentary.Draft(item, figures)
		if err != nil {
			return written, err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return written, err
		}
		written = append(written, file)
	}
	return written, nil
}

// figuresOf are the cells of the packet, for texts to quote.
func figuresOf(packet render.Packet) commentary.Figures {
	cells, known := map[[2]string]commentary.Figure{}, map[string][]string{}
	largest := map[[3]string]string{}
	for c := range packet.All() {
		at := c.Address()
		exact, _ := decimal.NewFromString(c.Cell.Exact) // the packet's own
		cells[[2]string{c.Date, at}] = commentary.Figure{Displayed: c.Cell.Displayed, Exact: exact, Unit: c.Cell.Unit, RowLabel: c.Row.Label,
			OtherLength: !packet.SameLength(*c.Table, *c.Block, c.Row.ID, c.Column.ID)}
		known[c.Date] = append(known[c.Date], at)
		if c.Row.Memo || c.Row.ID == "total" || strings.Contains(c.Row.ID, "/") {
			continue
		}
		key := [3]string{c.Date, c.Table.ID + "/" + c.Block.ID, c.Column.ID}
		if so, found := largest[key]; !found || c.Cell.Displayed > cells[[2]string{c.Date, so}].Displayed {
			largest[key] = at
		}
	}
	return commentary.Figures{AsOf: packet.AsOf, Compare: packet.Compare,
		Find: func(date, address string) (commentary.Figure, bool) {
			f, found := cells[[2]string{date, address}]
			return f, found
		},
		Known: func(date string) []string { return known[date] },
		Largest: func(date, block, column string) (string, bool) {
			address, found := largest[[3]string{date, block, column}]
			return address, found
		}}
}

// coverage says what answers each clause of the comment.
func coverage(packet render.Packet, texts []commentary.Text, faults strictyaml.Faults) ([]render.Covered, error) {
	clauses, err := disclosures.Clauses()
	if err != nil {
		return nil, err
	}
	var list []render.Covered
	for _, c := range clauses {
		i := slices.IndexFunc(texts, func(t commentary.Text) bool { return clauseOf(t.Item) == c.Clause.Value })
		text := texts[i]
		sound := !slices.ContainsFunc(faults, func(f strictyaml.Fault) bool { return f.File == text.File })
		list = append(list, covered(packet, c, text, sound))
	}
	return list, nil
}

// covered says what answers one clause: what the text says not to be material counts
// before what a table shows.
func covered(packet render.Packet, clause disclosures.Clause, text commentary.Text, sound bool) render.Covered {
	result := render.Covered{Clause: clause.Clause.Value, Asks: clause.Asks.Value}
	because, immaterial := text.Immaterial[clause.Asks.Value]
	switch {
	case immaterial && sound:
		result.How, result.By = render.NotMaterial, because
	case clause.Reason.Value != "":
		result.How, result.By = render.NotAnswered, clause.Reason.Value
	case clause.Text && sound:
		result.How, result.By = render.ByText, filepath.Base(text.File) // no path stands in a filing
		for _, answer := range clause.Answers {
			if absentBlock(packet, answer.Value) == "" {
				result.By += ", " + answer.Value
			}
		}
	case clause.Text:
		result.How, result.By = render.Missing, "its text has faults: "+text.File
	default:
		var shown, absent []string
		for _, answer := range clause.Answers {
			if why := absentBlock(packet, answer.Value); why != "" {
				absent = append(absent, why)
			} else {
				shown = append(shown, answer.Value)
			}
		}
		result.How, result.By = render.ByTables, strings.Join(shown, ", ")
		for _, block := range clause.Beside {
			if absentBlock(packet, block.Value) == "" {
				result.By += ", " + block.Value
			}
		}
		if len(shown) == 0 {
			result.How, result.By = render.Missing, strings.Join(slices.Compact(absent), "; ")
		}
	}
	return result
}

// absentBlock says why a block has no figures, "" where it has.
func absentBlock(packet render.Packet, block string) string {
	id, name, _ := strings.Cut(block, "/")
	for _, table := range packet.Tables {
		switch {
		case table.ID != id:
		case len(table.Missing) > 0:
			return "table " + id + " needs " + strings.Join(table.Missing, " and ")
		case slices.ContainsFunc(table.Blocks, func(b render.Block) bool {
			return b.ID == name && slices.ContainsFunc(b.Sheets, func(s render.Sheet) bool { return s.Date == packet.AsOf })
		}):
			return ""
		}
	}
	return "the release has no block " + block
}

// incomplete is the error of a letter with faults in its texts or clauses that nothing
// answers.
func incomplete(covered []render.Covered, faults strictyaml.Faults) error {
	var list []string
	for _, c := range covered {
		if c.How == render.Missing && !strings.HasPrefix(c.By, "its text") { // its faults are said below
			list = append(list, fmt.Sprintf("  %s, %s: %s", c.Clause, c.Asks, c.By))
		}
	}
	if len(list) == 0 && len(faults) == 0 {
		return nil
	}
	text := ""
	if len(list) > 0 {
		text = fmt.Sprintf("clauses of comment 11 that nothing answers:\n%s\n", strings.Join(list, "\n"))
	}
	if len(faults) > 0 {
		text += faults.Error() + "\n"
	}
	return fmt.Errorf("%w: the letter is not complete\n%sdeliver or write what is missing, or extract a draft with --draft", ErrData, text)
}

// mostQuarters is how many quarters the letter looks back.
const mostQuarters = 8

// readHistory reads what the letter shows beside the packet's cells: the notional at
// quarter ends, and adjustments.
func readHistory(ctx context.Context, config configs.Config, packet render.Packet, letter *render.Letter) error {
	session, err := Warehouse(config).OpenSession(ctx, engine(config), 0)
	if err != nil {
		return err
	}
	defer session.Close()
	table, err := session.Query(ctx, `
select cast(b.as_of_date as varchar), b.displayed, s.displayed, b.unit
from cells as b join cells as s on s.as_of_date = b.as_of_date and s.table_id = b.table_id and s.block_id = b.block_id and s.column_id = b.column_id
where b.table_id = 'comment-11a' and b.block_id = 'notional' and b.column_id = 'total' and b.row_id = 'bought' and s.row_id = 'sold'
  and b.as_of_date <= date '`+packet.AsOf+`'
  and b.unit = (select max(u.unit) from cells as u where u.as_of_date = date '`+packet.AsOf+`' and u.table_id = b.table_id and u.block_id = b.block_id)
order by b.as_of_date`)
	if err != nil {
		return err
	}
	for _, row := range table.Rows {
		date := row[0].(string)
		if date == packet.AsOf || date == packet.Compare || isPeriodEnd(config, date) {
			balance := render.Balance{Date: date, Bought: row[1].(int64), Sold: row[2].(int64), Unit: row[3].(string)}
			if date == packet.Compare {
				balance.Label = packet.Comparative.Label()
			}
			letter.History = append(letter.History, balance)
		}
	}
	letter.History = letter.History[max(0, len(letter.History)-mostQuarters):]
	if len(letter.History) < 2 {
		letter.History = nil // one date is no history
	}
	letter.Adjusted, err = adjusted(ctx, session, packet)
	return err
}

// isPeriodEnd tells whether a fiscal quarter ends on the date.
func isPeriodEnd(config configs.Config, date string) bool {
	d, err := time.Parse(time.DateOnly, date)
	return err == nil && config.Calendar.IsPeriodEnd(d)
}

// adjusted adds up the facts of each adjustment, gross and net, and all of them.
func adjusted(ctx context.Context, session *store.Session, packet render.Packet) ([]render.Adjusted, error) {
	dates := "date '" + packet.AsOf + "'"
	if packet.Compare != "" {
		dates += ", date '" + packet.Compare + "'"
	}
	reason, from := "''", ""
	if hasRelation(session, "adjustments") {
		reason = "coalesce(min(j.reason_code), '') || ': ' || coalesce(min(j.reason), '') || ' (prepared by ' || coalesce(min(j.preparer), '') || ', approved by ' || coalesce(min(j.approver), '') || ')'"
		from = " left join adjustments as j on j.adjustment_id = f.adjustment_id and j.as_of_date = f.as_of_date"
	}
	table, err := session.Query(ctx, `
select cast(f.as_of_date as varchar), coalesce(f.adjustment_id, 'all adjustments'), case when f.adjustment_id is null then '' else `+reason+` end, count(*),
  cast(coalesce(sum(abs(f.notional)), 0) as decimal(38, 2)), cast(coalesce(sum(f.notional), 0) as decimal(38, 2)),
  cast(coalesce(sum(abs(f.net_fair_value)), 0) as decimal(38, 2)), cast(coalesce(sum(f.net_fair_value), 0) as decimal(38, 2))
from facts as f`+from+` where f.origin = 'adjustment' and f.as_of_date in (`+dates+`)
group by grouping sets ((f.as_of_date, f.adjustment_id), (f.as_of_date)) order by 1 desc, f.adjustment_id nulls last`)
	if err != nil {
		return nil, err
	}
	var list []render.Adjusted
	for _, row := range table.Rows {
		amount := func(i int) string { return row[i].(decimal.Decimal).StringFixed(2) }
		list = append(list, render.Adjusted{Date: row[0].(string), ID: row[1].(string), Reason: row[2].(string), Facts: row[3].(int64),
			GrossNotional: amount(4), NetNotional: amount(5), GrossFairValue: amount(6), NetFairValue: amount(7)})
	}
	return list, nil
}
