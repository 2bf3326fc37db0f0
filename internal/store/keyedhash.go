package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// KeyedHash is the HMAC-SHA-256 of a text under a key, in SQL and in Go: who has the
// key can tell which id a hash is of, who has not can only tell which are the same.
// NULL and the empty text stay, because they name nothing.
type KeyedHash struct{ key []byte }

// NewKeyedHash takes a key.
func NewKeyedHash(key []byte) KeyedHash { return KeyedHash{key} }

// hashedPrefix tells a reader that a text is a hash; 128 bits of it are kept, which no
// two ids of a book share by chance.
const (
	hashedPrefix = "#"
	hashedDigits = 32
)

// Of hashes a text.
func (k KeyedHash) Of(text string) string {
	if text == "" {
		return ""
	}
	h := hmac.New(sha256.New, k.key)
	h.Write([]byte(text))
	return hashedPrefix + hex.EncodeToString(h.Sum(nil))[:hashedDigits]
}

// SQL is the expression that hashes a column of text. On Trino it is
// to_hex(hmac_sha256(to_utf8(text), key)); Spark has it as a function of its own users.
func (k KeyedHash) SQL(column string) string {
	key := k.key
	if len(key) > sha256.BlockSize {
		sum := sha256.Sum256(key)
		key = sum[:]
	}
	pad := func(with byte) string {
		var b strings.Builder
		for i := range sha256.BlockSize {
			var of byte
			if i < len(key) {
				of = key[i]
			}
			fmt.Fprintf(&b, `\x%02X`, of^with)
		}
		return "'" + b.String() + "'::blob"
	}
	return fmt.Sprintf("case when %[1]s = '' then %[1]s else '%[2]s' || left(sha256(%[3]s || unhex(sha256(%[4]s || encode(%[1]s)))), %[5]d) end",
		column, hashedPrefix, pad(0x5c), pad(0x36), hashedDigits)
}
