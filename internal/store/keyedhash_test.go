package store

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
)

// TestKeyedHashInSQLIsThatOfGo holds the SQL against crypto/hmac, for keys shorter and
// longer than a block of the hash.
func TestKeyedHashInSQLIsThatOfGo(t *testing.T) {
	db, err := Open(context.Background(), Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, length := range []int{1, 32, 64, 65, 200} {
		key := make([]byte, length)
		if _, err := rand.Read(key); err != nil {
			t.Fatal(err)
		}
		hash := NewKeyedHash(key)
		for _, text := range []string{"T2004-001", "Société Générale, 東京 'quoted'", strings.Repeat("long", 100), " ", ""} {
			got, err := Scalar[string](context.Background(), db, "select "+hash.SQL("t")+" from (select "+Literal(text)+" as t)")
			if err != nil {
				t.Fatal(err)
			}
			if want := hash.Of(text); got != want {
				t.Errorf("key of %d bytes, %q: %s in SQL, %s in Go", length, text, got, want)
			}
		}
	}
	if null, err := Query(context.Background(), db, "select "+NewKeyedHash([]byte("k")).SQL("t")+" from (select cast(null as varchar) as t)"); err != nil || null.Rows[0][0] != nil {
		t.Errorf("NULL became %v %v", null.Rows, err)
	}
}
