package batch

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"comment11/configs"
	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/internal/strictyaml"
)

// approvals are the breaks that the approvals file accepts, by release hash. An entry
// with faults accepts nothing, and is in the way of the release that it names alone.
type approvals struct {
	entries   map[string][]store.Approval
	faults    map[string]strictyaml.Faults
	strangers map[string]strictyaml.Faults // entries of approvers that the config does not list
}

// approvalNode is an entry of the approvals file.
type approvalNode struct {
	strictyaml.Place
	ReleaseHash strictyaml.Text `yaml:"release_hash,required"`
	Control     strictyaml.Text `yaml:"control,required"`
	Subject     strictyaml.Text `yaml:"subject,required"`
	Amount      strictyaml.Text `yaml:"amount,required"`
	Kind        strictyaml.Text `yaml:"kind"`
	Reason      strictyaml.Text `yaml:"reason,required"`
	Preparer    strictyaml.Text `yaml:"preparer,required"`
	Approver    strictyaml.Text `yaml:"approver,required"`
	ApprovedAt  strictyaml.Text `yaml:"approved_at,required"`
	ExpiresAt   strictyaml.Text `yaml:"expires_at,required"`
}

var hash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// readApprovals reads the approvals file of the config. Without a file nothing is
// accepted; one that cannot be read as a list of entries is an error.
func readApprovals(config configs.Config) (approvals, error) {
	a := approvals{entries: map[string][]store.Approval{}, faults: map[string]strictyaml.Faults{}, strangers: map[string]strictyaml.Faults{}}
	text, err := os.ReadFile(config.Approvals)
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	if err != nil {
		return a, usageError(err)
	}
	var document struct {
		Approvals []approvalNode `yaml:"approvals,required"`
	}
	var found strictyaml.Faults
	if err := strictyaml.Decode(filepath.Base(config.Approvals), text, &document); err != nil {
		var ok bool
		if found, ok = strictyaml.IsFaults(err); !ok {
			return a, usageError(err)
		}
	}
	within := make([]strictyaml.Faults, len(document.Approvals))
	for _, f := range found {
		i := len(within) - 1
		for i >= 0 && (document.Approvals[i].Line == 0 || document.Approvals[i].Line > f.Line || (document.Approvals[i].Line == f.Line && document.Approvals[i].Column > f.Column)) {
			i--
		}
		if i < 0 {
			return a, usageError(found)
		}
		within[i] = append(within[i], f)
	}
	for i, node := range document.Approvals {
		approval, faults := node.read()
		faults = append(within[i], faults...)
		of := node.ReleaseHash.Value
		switch {
		case len(faults) > 0:
			a.faults[of] = append(a.faults[of], faults...)
		case !slices.Contains(config.Approvers, approval.Approver):
			a.strangers[of] = append(a.strangers[of], strictyaml.Fault{Place: node.Approver.Place,
				Message: fmt.Sprintf("approver: %q: expected one of the config's approvers: %s", approval.Approver, strings.Join(config.Approvers, ", "))})
		default:
			a.entries[of] = append(a.entries[of], approval)
		}
	}
	return a, nil
}

// allFaults are those of all entries.
func (a approvals) allFaults() strictyaml.Faults {
	return slices.Concat(slices.Collect(maps.Values(a.faults))...)
}

// allStrangers are entries of people who are no approvers, or are none any more: what they
// let out stands, and they let nothing out now.
func (a approvals) allStrangers() strictyaml.Faults {
	return slices.Concat(slices.Collect(maps.Values(a.strangers))...)
}

// inTheWay are the faults of entries for a release that is held, as an error.
func (a approvals) inTheWay(releaseHash string) error {
	if faults := append(slices.Clone(a.faults[releaseHash]), a.strangers[releaseHash]...); len(faults) > 0 {
		return usageError(faults)
	}
	return nil
}

func (n approvalNode) read() (a store.Approval, faults strictyaml.Faults) {
	check := func(holds bool, text strictyaml.Text, name, expected string) {
		if !holds && text.Line > 0 {
			faults = append(faults, strictyaml.Fault{Place: text.Place, Message: fmt.Sprintf("%s: %q: expected %s", name, text.Value, expected)})
		}
	}
	instant := func(text strictyaml.Text, name string) time.Time {
		at, err := time.Parse(time.RFC3339, text.Value)
		check(err == nil, text, name, "a time such as 2026-11-24T17:30:00Z")
		return at.UTC()
	}
	a = store.Approval{Control: n.Control.Value, Subject: n.Subject.Value, Amount: n.Amount.Value, Kind: n.Kind.Value, Reason: n.Reason.Value,
		Preparer: n.Preparer.Value, Approver: n.Approver.Value, ApprovedAt: instant(n.ApprovedAt, "approved_at"), ExpiresAt: instant(n.ExpiresAt, "expires_at")}
	_, err := decimal.NewFromString(a.Amount)
	check(err == nil, n.Amount, "amount", "the difference of the control, such as -1234.56")
	check(hash.MatchString(n.ReleaseHash.Value), n.ReleaseHash, "release_hash", "the 64 digits that the held release prints")
	check(!samePerson(a.Approver, a.Preparer), n.Approver, "approver", "another person than the preparer")
	check(strings.TrimSpace(a.Preparer) != "", n.Preparer, "preparer", "a person")
	check(strings.TrimSpace(a.Reason) != "", n.Reason, "reason", "a reason in words")
	check(a.ExpiresAt.After(a.ApprovedAt), n.ExpiresAt, "expires_at", "a time after approved_at")
	if a.Control == changeAfterPacket {
		check(a.Kind == "revision" || a.Kind == "restatement", strictyaml.Text{Value: n.Kind.Value, Place: n.Control.Place}, "kind", "revision or restatement, where figures of a packet change")
	} else {
		check(a.Kind == "", n.Kind, "kind", "none: only "+changeAfterPacket+" has one")
	}
	return a, faults
}

// accept gives the approvals that let a release out, and the breaks of severity
// hold that none accepts. A break of integrity is never accepted, nor one whose
// difference is another than the one that was signed.
func (a approvals) accept(releaseHash string, controls []position.Control, now time.Time) (accepted []store.Approval, open []position.Control) {
	for _, c := range controls {
		if c.Holds() || c.Severity != "hold" {
			continue
		}
		i := slices.IndexFunc(a.entries[releaseHash], func(a store.Approval) bool { return accepts(a, c, now) })
		if i < 0 || c.Class == "integrity" {
			open = append(open, c)
			continue
		}
		accepted = append(accepted, a.entries[releaseHash][i])
	}
	return accepted, open
}

func accepts(a store.Approval, c position.Control, now time.Time) bool {
	amount, err := decimal.NewFromString(a.Amount)
	return err == nil && a.Control == c.ID && a.Subject == c.Subject && amount.Equal(c.Difference()) &&
		!now.Before(a.ApprovedAt) && now.Before(a.ExpiresAt)
}

// ApprovalEntry is the entry of the approvals file that would accept the break,
// for people to fill in.
func ApprovalEntry(m store.Manifest, c position.Control) string {
	kind := ""
	if c.ID == changeAfterPacket {
		kind = "    kind: restatement # or revision\n"
	}
	return fmt.Sprintf("  - release_hash: %s\n    control: %s\n    subject: %q\n    amount: %q\n%s    reason: \n    preparer: \n    approver: \n    approved_at: \n    expires_at: \n",
		m.ReleaseHash, c.ID, c.Subject, c.Difference().String(), kind)
}
