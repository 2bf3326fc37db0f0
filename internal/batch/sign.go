package batch

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"comment11/configs"
	"comment11/disclosures/render"
	"comment11/internal/store"
)

// Roles are those in which a packet is signed.
var Roles = []string{"preparer", "reviewer", "controller"}

// Signature is a line of the log of signatures. It names the packet by the hash of its
// manifest, which names every file and pins the releases.
type Signature struct {
	store.ChainedLine
	At       time.Time       `json:"at"`
	Role     string          `json:"role"`
	Name     string          `json:"name"`
	User     string          `json:"user"` // that ran the command
	Host     string          `json:"host"`
	Packet   string          `json:"packet_sha256"`
	AsOf     string          `json:"as_of_date"`
	Compare  string          `json:"compare_date,omitempty"`
	Audience string          `json:"audience"`
	Releases []PinnedRelease `json:"releases"`
	Key      string          `json:"ed25519_public_key,omitempty"`
	Detached string          `json:"ed25519_signature,omitempty"` // of the line without it
}

// String says who signed as what and when.
func (s Signature) String() string {
	text := fmt.Sprintf("%s (%s) at %s", s.Name, s.Role, s.At.Format(time.RFC3339))
	if s.Key != "" {
		text += " with key " + s.Key
	}
	return text
}

// signed is what a detached key signs.
func (s Signature) signed() ([]byte, error) {
	s.Detached = ""
	text, err := json.Marshal(s)
	return append([]byte("comment11 signature\n"), text...), err
}

// readSignatures reads a log of signatures and holds its chain; last is what the next
// line continues.
func readSignatures(path string) (list []Signature, last store.ChainedLine, err error) {
	last, err = store.ReadLog(path, func(line []byte) (store.ChainedLine, error) {
		var s Signature
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&s); err != nil {
			return store.ChainedLine{}, err
		}
		list = append(list, s)
		return s.ChainedLine, nil
	})
	if err != nil {
		return nil, last, fmt.Errorf("%w: %w", ErrPacket, err)
	}
	return list, last, nil
}

// valid tells why a detached signature does not hold, or nil. Without one there is
// nothing to hold, unless only trusted keys count.
func (s Signature) valid(trusted []string) error {
	if s.Key == "" && s.Detached == "" {
		if len(trusted) > 0 {
			return fmt.Errorf("it has no key, and the config trusts certain keys only")
		}
		return nil
	}
	key, err := base64.StdEncoding.DecodeString(s.Key)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("its key is no Ed25519 key")
	}
	detached, err := base64.StdEncoding.DecodeString(s.Detached)
	if err != nil {
		return fmt.Errorf("its signature cannot be read")
	}
	text, err := s.signed()
	if err != nil {
		return err
	}
	if !ed25519.Verify(key, text, detached) {
		return fmt.Errorf("its key did not sign this")
	}
	if len(trusted) > 0 && !slices.Contains(trusted, s.Key) {
		return fmt.Errorf("its key %s is not among those that the config trusts", s.Key)
	}
	return nil
}

// readPrivateKey reads an Ed25519 key from a PEM file that only its owner can read.
func readPrivateKey(path string) (ed25519.PrivateKey, error) {
	text, err := readSecret("packet.signing_key", path)
	if err != nil {
		return nil, err
	}
	expected := fmt.Errorf("packet.signing_key: %s: expected one PEM block PRIVATE KEY of an Ed25519 key, as openssl genpkey -algorithm ed25519 writes it", path)
	block, rest := pem.Decode(text)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return nil, usageError(expected)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, usageError(expected)
	}
	return key, nil
}

// readTrusted reads the public keys that signatures may have, as they stand in the log.
func readTrusted(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usageError(fmt.Errorf("packet.trusted_keys: %w", err))
	}
	var keys []string
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		key, ok := parsed.(ed25519.PublicKey)
		if err != nil || !ok {
			return nil, usageError(fmt.Errorf("packet.trusted_keys: %s: block %d is no Ed25519 public key", path, len(keys)+1))
		}
		keys, text = append(keys, base64.StdEncoding.EncodeToString(key)), rest
	}
	if len(keys) == 0 || len(bytes.TrimSpace(text)) > 0 {
		return nil, usageError(fmt.Errorf("packet.trusted_keys: %s: expected PEM blocks PUBLIC KEY and nothing else", path))
	}
	return keys, nil
}

// Sign verifies a packet, with the warehouse, and appends a signature to the log there.
func Sign(ctx context.Context, config configs.Config, folder, role, name string, program store.Program, now time.Time) (s Signature, v PacketVerification, err error) {
	name = strings.TrimSpace(name)
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return s, v, usageError(fmt.Errorf("the name %q: expected that of a person", name))
	}
	w := Warehouse(config)
	unlock, err := lock(w, now)
	if err != nil {
		return s, v, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	// Under the lock: no run may publish between looking and signing.
	if v, err = VerifyPacket(ctx, folder, Prover{Program: program, Config: &config}); err != nil || len(v.Faults) > 0 {
		return s, v, err
	}
	manifest, hash, err := ReadPacketManifest(folder)
	if err != nil {
		return s, v, err
	}
	refuse := func(format string, arguments ...any) (Signature, PacketVerification, error) {
		return Signature{}, v, fmt.Errorf("%w: not signed: %s", ErrPacket, fmt.Sprintf(format, arguments...))
	}
	if hash != v.SHA256 {
		return refuse("the packet changed while it was verified")
	}
	if manifest.Draft {
		return refuse("the packet is a draft; extract it without --draft")
	}
	if changed, err := changedSince(w, manifest); err != nil || len(changed) > 0 {
		if err != nil {
			return s, v, err
		}
		return refuse("what its figures rest on changed since it was extracted: %s; extract it again", strings.Join(changed, "; "))
	}
	me := store.Me(now)
	s = Signature{At: now.UTC().Truncate(time.Second), Role: role, Name: name, User: me.User, Host: me.Host, Packet: hash,
		AsOf: manifest.AsOf, Compare: manifest.Compare, Audience: manifest.Audience, Releases: manifest.Releases}
	var key ed25519.PrivateKey
	if config.Packet.SigningKey != "" {
		if key, err = readPrivateKey(config.Packet.SigningKey); err != nil {
			return s, v, err
		}
		s.Key = base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
	}
	list, last, err := readSignatures(w.SignatureLog())
	if err != nil {
		return s, v, err
	}
	s.ChainedLine = store.ChainedLine{Line: last.Line + 1, Previous: last.Previous}
	for _, other := range list {
		if other.Packet != hash {
			continue
		}
		if other.Role == role {
			return refuse("%s signed it as %s already", other.Name, role)
		}
		if conflict := sameHand(other, s); conflict != "" {
			return refuse("%s", conflict)
		}
	}
	if key != nil {
		text, err := s.signed()
		if err != nil {
			return s, v, err
		}
		s.Detached = base64.StdEncoding.EncodeToString(ed25519.Sign(key, text))
	}
	trusted, err := readTrusted(config.Packet.TrustedKeys)
	if err != nil {
		return s, v, err
	}
	if err := s.valid(trusted); err != nil {
		return refuse("%v", err)
	}
	return s, v, w.AppendSignature(s)
}

// samePerson tells whether two names are of one person: neither the size of letters nor
// blanks make another one.
func samePerson(a, b string) bool {
	return strings.EqualFold(strings.Join(strings.Fields(a), ""), strings.Join(strings.Fields(b), ""))
}

// sameHand says that preparer and reviewer are one person, or "".
func sameHand(a, b Signature) string {
	roles := []string{a.Role, b.Role}
	if !slices.Contains(roles, "preparer") || !slices.Contains(roles, "reviewer") {
		return ""
	}
	if samePerson(a.Name, b.Name) {
		return fmt.Sprintf("%s is preparer and reviewer; another person must review", a.Name)
	}
	if a.Key != "" && a.Key == b.Key {
		return fmt.Sprintf("%s and %s sign with one key; another person must review", a.Name, b.Name)
	}
	return ""
}

// changedSince says what differs between the releases that a packet pins and those that
// stand: any trade, rule or adjustment that contributes, even where no figure moved. Of
// the date compared with what its own last packet displays stands, unless the packet shows
// it as restated.
func changedSince(w store.Warehouse, manifest PacketManifest) (changed []string, err error) {
	shown, err := w.Shown()
	if err != nil {
		return nil, err
	}
	pins, err := w.PinnedReleases()
	if err != nil {
		return nil, err
	}
	pinnedReleases := manifest.Releases
	if manifest.BridgeFrom != nil {
		pinnedReleases = append(slices.Clone(pinnedReleases), *manifest.BridgeFrom)
	}
	for place, pinned := range pinnedReleases {
		var was, stands *store.Manifest
		release, hash := pinned.stored()
		for i, m := range shown {
			if m.AsOfDate != pinned.AsOf {
				continue
			}
			if m.Release == release {
				was = &shown[i]
			}
			if stands == nil || m.Sequence > stands.Sequence {
				stands = &shown[i]
			}
		}
		if was == nil || was.Hash() != hash {
			changed = append(changed, fmt.Sprintf("release %s of %s is not in the warehouse as the packet pins it", release, pinned.AsOf))
			continue
		}
		switch {
		case place >= len(manifest.Releases): // a bridge leads from what was reported, whatever stands
			continue
		case place > 0 && manifest.Comparative != "" && manifest.Comparative != render.Restated:
			if reported, known := reportedBy(pins, shown, pinned.AsOf); known {
				stands = &reported // which a restatement does not take the place of
			}
		}
		if stands.Release == was.Release {
			continue
		}
		if what := contributing(*was, *stands); len(what) > 0 {
			changed = append(changed, fmt.Sprintf("release %s took the place of %s, with another %s", stands.Release, was.Release, strings.Join(what, ", ")))
		}
	}
	return changed, nil
}

// contributing names the relations and definitions that two releases of a date have
// otherwise. The config's own text does not count: what it decides is in the settings
// in force and in the relations.
func contributing(a, b store.Manifest) (changed []string) {
	relations := map[string][2]string{}
	for i, m := range []store.Manifest{a, b} {
		for _, r := range m.Relations {
			if r.Name == "definitions" { // the same once more, with who may approve what is to come
				continue
			}
			pair := relations["relation "+r.Name]
			pair[i] = fmt.Sprint(r.Rows, r.ContentHash)
			relations["relation "+r.Name] = pair
		}
		for _, c := range m.Configuration {
			if c.Name == configName || strings.HasPrefix(c.Name, "sql/") { // sql is of the program
				continue
			}
			pair := relations[c.Name]
			pair[i] = c.SHA256
			relations[c.Name] = pair
		}
	}
	for name, pair := range relations {
		if pair[0] != pair[1] {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed
}

// signatures says who signed the packet, and whether that still holds.
func (v *PacketVerification) signatures(ctx context.Context, manifest PacketManifest, packet render.Packet, with Prover) error {
	log := with.Signatures
	var trusted, changed []string
	var recorded bool
	if with.Config != nil {
		w := Warehouse(*with.Config)
		v.Warehouse = true
		if log == "" {
			log = w.SignatureLog()
		}
		var err error
		if trusted, err = readTrusted(with.Config.Packet.TrustedKeys); err != nil {
			return err
		}
		if changed, err = changedSince(w, manifest); err != nil {
			return err
		}
		packets, err := w.Packets()
		if err != nil {
			return err
		}
		recorded = slices.ContainsFunc(packets, func(p store.PacketRecord) bool {
			return slices.ContainsFunc(p.Files, func(f store.FileHash) bool { return f.Name == packetManifestName && f.SHA256 == v.SHA256 })
		})
		if len(changed) == 0 && len(v.Faults) == 0 {
			if err := v.heldByReleases(ctx, *with.Config, packet, manifest); err != nil {
				return err
			}
		}
	}
	var signed []Signature
	if log != "" {
		list, _, err := readSignatures(log)
		if errors.Is(err, ErrPacket) {
			v.fault("%v", err)
		} else if err != nil {
			return err
		}
		for _, s := range list {
			if s.Packet != v.SHA256 {
				continue
			}
			if err := s.valid(trusted); err != nil {
				v.fault("the signature of %s does not hold: %v", s, err)
				continue
			}
			for _, other := range signed {
				if conflict := sameHand(other, s); conflict != "" {
					v.fault("%s", conflict)
				}
			}
			signed = append(signed, s)
		}
	}
	for _, text := range v.otherwise { // a manifest can name any program
		if recorded || len(signed) > 0 {
			v.Notes = append(v.Notes, text)
		} else {
			v.fault("%s, which no signature and no record of a warehouse has; verify it with that program, where it was extracted, or with --signatures", text)
		}
	}
	var names []string
	for _, s := range signed {
		names = append(names, s.String())
	}
	switch {
	case len(changed) > 0 && len(signed) > 0:
		v.fault("void is what %s signed: %s", strings.Join(names, ", "), strings.Join(changed, "; "))
		signed = nil
	case len(changed) > 0:
		v.Notes = append(v.Notes, "its figures do not stand any more: "+strings.Join(changed, "; "))
	}
	switch {
	case len(v.Faults) > 0:
		v.Status = "not what was extracted, or void"
	case len(signed) > 0:
		v.Signed, v.Status = signed, "unchanged since signed by "+strings.Join(names, ", ")
	default:
		v.Status = "self-consistent only"
	}
	return nil
}

// heldByReleases holds against the releases in the warehouse what a packet brings no proof
// of: all of a filing, and what other editions say beside their tables.
func (v *PacketVerification) heldByReleases(ctx context.Context, config configs.Config, packet render.Packet, manifest PacketManifest) error {
	w := Warehouse(config)
	var pinned []store.Manifest
	for _, p := range manifest.Releases {
		if p.RecastOf != "" {
			if v.Audience == render.Filing {
				v.Notes = append(v.Notes, "the figures of "+p.AsOf+" were recast, and a filing brings no facts along: its other editions prove them")
			}
			return nil // a recast is in no warehouse
		}
		m, err := manifestOf(w, p.Release)
		if err != nil {
			return err
		}
		if m.Kind != p.Kind {
			v.fault("%s calls release %s %q, in the warehouse it is %q", packetManifestName, p.Release, p.Kind, m.Kind)
		}
		pinned = append(pinned, m)
	}
	desk, done, err := deskOf(ctx, config, pinned, func(store.Warehouse) error { return nil })
	if err != nil {
		return err
	}
	defer done()
	stands, err := Packet(ctx, desk, packetDates(packet)...)
	if err != nil {
		return err
	}
	if v.Audience != render.Filing {
		return v.holdBeside(ctx, desk, packet, stands)
	}
	stands, err = Edition(ctx, desk, stands.Against(packet.Comparative), render.Filing)
	if err != nil {
		return err
	}
	err = v.holdTables(packet, stands)
	c := packet.Comparative
	if err != nil || c == nil || c.Bridge == nil || manifest.BridgeFrom == nil {
		return err
	}
	from, err := manifestOf(w, manifest.BridgeFrom.Release)
	if err != nil {
		return err
	}
	db, closed, err := reading(ctx, config)
	if err != nil {
		return err
	}
	defer closed()
	if err := holdsBridge(ctx, db, c.Bridge, render.Filing, releaseFiles(w, from, "cells"), releaseFiles(w, pinned[len(pinned)-1], "cells")); errors.Is(err, errBridge) {
		v.fault("%s: %v", packetJSON, err)
	} else if err != nil {
		return err
	}
	return nil
}

// holdBeside holds what an edition with proof says beside its tables: controls, findings,
// adjustments and accepted breaks. Of an auditor's what is hashed is left to who has the key.
func (v *PacketVerification) holdBeside(ctx context.Context, desk configs.Config, packet, stands render.Packet) error {
	if v.Audience == render.Auditor {
		hide := func(string) string { return "" }
		isName := func(string, string) bool { return false }
		packet, stands = packet.Hashed(hide, isName), stands.Hashed(hide, isName)
	}
	has, want := beside(packet), beside(stands)
	holdEach(v, "release", packet.Releases, stands.Releases)
	holdEach(v, "finding", has.Findings, want.Findings)
	holdEach(v, "adjustment", has.Adjustments, want.Adjustments)
	if packet.Letter == nil {
		return nil
	}
	session, err := Warehouse(desk).OpenSession(ctx, engine(desk), 0)
	if err != nil {
		return err
	}
	defer session.Close()
	sums, err := adjusted(ctx, session, packet)
	if err != nil {
		return err
	}
	holdEach(v, "adjustment of the letter", packet.Letter.Adjusted, sums)
	return nil
}
