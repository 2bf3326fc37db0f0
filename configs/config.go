// Package configs reads comment11.yaml. Scalar settings are read with viper, so
// that a flag comes before the environment (COMMENT11_A__B for a.b), the
// environment before the file and the file before the default; lists come from
// the file alone. Everything is strict: all faults are told at once, each with
// its place and what was expected.
package configs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/viper"

	"comment11/internal/position"
	"comment11/internal/strictyaml"
)

// Config is what a config file says, with defaults filled in and paths absolute.
type Config struct {
	File, Folder      string
	Warehouse         string
	Linked            string `json:"-"` // releases of another warehouse that those of this one are links to; no file sets it
	ReportingCurrency string
	Unit              string // of displayed amounts: dollars, thousands, millions or billions
	Rules             string // folder whose files replace or add to those of the program, or ""
	Maps              string
	Tables            string
	Engine            Engine
	Calendar          Calendar
	Schedule          Schedule
	Limits            Limits
	Materiality       *Materiality // nil: none is configured
	Umask             string       // permissions that nothing in the warehouse gets, in octal digits
	Approvals         string       // file of accepted breaks; it need not be there
	Retention         Retention
	Query             Query
	Packet            Packet
	Monitoring        Monitoring
	Purpose           Purpose
	CallReport        CallReport
	RollForward       string // with_events, period_ends or never: for which period ends movements are made
	Realized          Realized
	Scopes            []Scope
	Approvers         []string // who may approve adjustments
	Sources           []Source
}

// Engine bounds what a run takes of the machine.
type Engine struct {
	Threads        int    // 0: all processors, or one for small files
	MemoryLimit    string // for example 1500MB
	TemporaryLimit string // the most that may be spilled to disk
}

// Schedule says until when a due date is to be published: at a time of the day,
// so many business days after it.
type Schedule struct {
	BusinessDays int
	Time         string // HH:MM
	TimeZone     string // of the system's list, for example America/New_York
}

// Retention says how long releases stay in the catalog, and their files after it.
type Retention struct {
	Years      int
	GraceHours int // for sessions that opened the catalog before
}

// Query bounds what query and shell take of the machine.
type Query struct {
	MemoryLimit string
	Seconds     int // the longest that a query may take
}

// Packet says what packets of other audiences are made with, and how they are signed.
type Packet struct {
	AuditorKey          string // file of the key that hashes ids and names for an auditor, or ""
	LeastCounterparties int    // figures of a filing that rest on fewer are listed for the controller
	SigningKey          string // PEM file of an Ed25519 private key, or ""
	TrustedKeys         string // PEM file of the public keys that signatures may have, or ""
	Concentration       string // share of a figure that one trade or name may be before the reviewer asks
	Materiality         string // change of a figure from which on the reviewer asks, in the reporting currency
}

// Monitoring says what is told to whom after every run.
type Monitoring struct {
	Metrics          string // file for the Prometheus textfile collector; "": metrics.prom in the warehouse
	Lineage          string // file that OpenLineage run events are appended to; "": openlineage.jsonl in the warehouse
	OnFailure        []string
	OnFailureSeconds int // after which the command is killed
}

// CellLimits are how many facts of a kind one figure of a packet may rest on before
// the packet is a draft; -1: no limit.
type CellLimits struct{ Floors, NoValue, Unclassified int }

// Limits decide what holds a release back.
type Limits struct {
	Cells   CellLimits
	Rejects struct {
		Count    int    // rejected records
		Money    string // their notional, in the reporting currency
		Unpriced int    // rejected positions without a readable amount
	}
	InternalBreaks string // what internal trades may miss each other by, in the reporting currency
	Ledger         string // what book and ledger may differ by, in the reporting currency; "none": a difference holds nothing back
	Unexplained    string // what of a roll-forward may stay unexplained, in the reporting currency
	NoValue        int    // positions without a fair value
	Unclassified   int    // facts with an unclassified attribute; -1: no limit
	RateAgeDays    int    // oldest rate that may convert, in days
	Findings       map[string]FindingLimit
}

// FindingLimit is how much of one code of findings may be published.
type FindingLimit struct {
	Positions int    // -1: no limit
	Money     string // in the reporting currency; "": no limit
}

// Materiality says from which amount on a finding matters to who reads the tables,
// and who answers for it.
type Materiality struct {
	Balance  string             // of tables at a date, in the reporting currency
	Income   string             // of tables over a period
	Percent  string             // of the largest figure of a block; "": the amounts alone
	PerTable strictyaml.Mapping // amounts that count for a table instead
	Owner    string
	Approver string // another person, of the approvers
	Date     time.Time
}

// Purpose says how labels of purposes are tested against evidence.
type Purpose struct {
	Evidence           string // nightly, period_end or frozen: when it is struck
	OverHedgeTolerance string // share of the holdings by which hedges may exceed them
	OverHedge          string // split: the excess is trading; flag: it is a finding
	Offset             string // split: an offset of no client's trade is trading; keep: a finding
}

// Realized says how events that realize gains and losses are read.
type Realized struct {
	CashOnly       string    // derive: an event with cash alone gets its amount by the policy of DOMAIN 6; leave: it has none
	DeliveredSince time.Time // first booking date that the source delivers; zero: told by its earliest event that is no upfront held as basis
}

// CallReport says what Schedule RC-L, item 7 leaves open.
type CallReport struct {
	TwoWay string // side of two-way instruments, sold or bought
}

// Scope is a set of legal entities; without entities it has every one.
type Scope struct {
	Name          string
	LegalEntities []ScopeEntity
}

// ScopeEntity is a legal entity and the time for which it belongs to a scope.
type ScopeEntity struct {
	Entity      string
	From, Until time.Time // zero: always, open
}

// Source is where a data set comes from.
type Source struct {
	Name       strictyaml.Text
	DataSet    string
	Files      strictyaml.Text // path or glob, may hold {as_of} and {as_of_yyyymmdd}
	Format     string
	Delimiter  string   // one byte; "" where the format is no delimited text
	Quote      string   // one byte, or none; "" likewise
	Parties    []string // our own, where the format's records name both sides
	Where      strictyaml.Text
	Columns    strictyaml.Mapping // contract column: SQL expression
	SameNames  bool               // unmapped columns are taken by their own names
	AllowEmpty bool
	OnHoliday  strictyaml.Text // "", previous, or a pattern of files
	Required   bool
}

// setting is one scalar key of the config.
type setting struct {
	key      string
	fallback string
	check    func(string) string // what was expected, or "" where the value is good
}

// settings are all scalar keys with their defaults. Each can be set by the
// environment and by --set; comment11.yaml says what each is for.
var settings = []setting{
	{"access.umask", "027", expectUmask},
	{"approvals", "approvals.yaml", expectPath},
	{"call_report.two_way", "sold", expectOneOf([]string{"sold", "bought"})},
	{"calendar.fiscal_year_end", "12-31", expectMonthDay},
	{"engine.memory_limit", "1500MB", ExpectSize},
	{"engine.temporary_limit", "100GB", ExpectSize},
	{"engine.threads", "0", expectWhole(0)},
	{"limits.cells.floors", "0", expectWhole(-1)},
	{"limits.cells.no_value", "0", expectWhole(-1)},
	{"limits.cells.unclassified", "0", expectWhole(-1)},
	{"limits.internal_breaks", "0", expectMoney},
	{"limits.ledger", "none", expectMoneyOrNone},
	{"limits.no_value", "0", expectWhole(0)},
	{"limits.rate_age_days", "5", expectWhole(0)},
	{"limits.rejects.count", "0", expectWhole(0)},
	{"limits.rejects.money", "0", expectMoney},
	{"limits.rejects.unpriced", "0", expectWhole(0)},
	{"limits.unclassified", "-1", expectWhole(-1)},
	{"limits.unexplained", "0", expectMoney},
	{"maps", "", nil},
	{"monitoring.lineage", "", nil},
	{"monitoring.metrics", "", nil},
	{"monitoring.on_failure_seconds", "60", expectWhole(1)},
	{"packet.auditor_key", "", nil},
	{"packet.concentration", "0.5", expectShare},
	{"packet.least_counterparties", "3", expectWhole(0)},
	{"packet.materiality", "10000000", expectMoney},
	{"packet.signing_key", "", nil},
	{"packet.trusted_keys", "", nil},
	{"query.memory_limit", "1000MB", ExpectSize},
	{"query.seconds", "600", expectWhole(1)},
	{"purpose.evidence", "nightly", expectOneOf([]string{"nightly", "period_end", "frozen"})},
	{"purpose.offset", "keep", expectOneOf([]string{"keep", "split"})},
	{"purpose.over_hedge", "split", expectOneOf([]string{"split", "flag"})},
	{"purpose.over_hedge_tolerance", "0.05", expectShare},
	{"realized.cash_only", "derive", expectOneOf([]string{"derive", "leave"})},
	{"realized.delivered_since", "", expectDayOrNothing},
	{"reporting_currency", "USD", expectOneOf(position.Currencies)},
	{"retention.grace_hours", "72", expectWhole(0)},
	{"retention.years", "7", expectWhole(1)},
	{"roll_forward", "with_events", expectOneOf([]string{"with_events", "period_ends", "never"})},
	{"rules", "", nil},
	{"schedule.business_days", "1", expectWhole(0)},
	{"schedule.time", "07:00", expectTime},
	{"schedule.time_zone", "UTC", expectTimeZone},
	{"tables", "", nil},
	{"unit", "millions", expectOneOf([]string{"dollars", "thousands", "millions", "billions"})},
	{"warehouse", "warehouse", expectPath},
}

func expectOneOf(known []string) func(string) string {
	return func(value string) string {
		if slices.Contains(known, value) {
			return ""
		}
		if len(known) > 20 {
			return "a code of ISO 4217"
		}
		return "one of " + strings.Join(known, ", ")
	}
}

func expectPath(value string) string {
	if value == "" {
		return "a path"
	}
	return ""
}

func expectWhole(least int) func(string) string {
	return func(value string) string {
		if n, err := strconv.Atoi(value); err == nil && n >= least {
			return ""
		}
		return fmt.Sprintf("a whole number of at least %d", least)
	}
}

func expectUmask(value string) string {
	mask, err := strconv.ParseUint(value, 8, 32)
	if err != nil || len(value) != 3 || mask&0o022 != 0o022 || mask&0o700 != 0 {
		return "three octal digits that leave its owner everything and nobody else write permission, for example 027"
	}
	return ""
}

func expectTime(value string) string {
	if _, err := time.Parse("15:04", value); err != nil {
		return "a time of the day as HH:MM"
	}
	return ""
}

func expectTimeZone(value string) string {
	if _, err := time.LoadLocation(value); err != nil || value == "" || value == "Local" {
		return "a time zone such as UTC or America/New_York"
	}
	return ""
}

func expectMoneyOrNone(value string) string {
	if value == "none" || expectMoney(value) == "" {
		return ""
	}
	return "an amount such as 1000000.00, or none"
}

func expectMoney(value string) string {
	if amount, err := decimal.NewFromString(value); err == nil && !amount.IsNegative() {
		return ""
	}
	return "an amount such as 1000000.00"
}

func expectShare(value string) string {
	share, err := decimal.NewFromString(value)
	if err == nil && !share.IsNegative() && !share.GreaterThan(decimal.NewFromInt(1)) && share.Exponent() >= -8 {
		return ""
	}
	return "a share from 0 to 1, such as 0.05 for 5%"
}

var size = regexp.MustCompile(`^[1-9]\d*(\.\d+)?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$`)

// ExpectSize says what was expected of a size, or "" where the value is one.
func ExpectSize(value string) string {
	if size.MatchString(value) {
		return ""
	}
	return "a size such as 1500MB"
}

func expectDayOrNothing(value string) string {
	if _, err := time.Parse(time.DateOnly, value); err == nil || value == "" {
		return ""
	}
	return "a day such as 2006-01-01, or nothing"
}

func expectMonthDay(value string) string {
	if _, err := time.Parse("2006-01-02", "2004-"+value); err == nil {
		return ""
	}
	return "month and day such as 12-31"
}

// document is the file as it is written.
type document struct {
	Warehouse         strictyaml.Text `yaml:"warehouse"`
	ReportingCurrency strictyaml.Text `yaml:"reporting_currency"`
	Unit              strictyaml.Text `yaml:"unit"`
	Rules             strictyaml.Text `yaml:"rules"`
	Maps              strictyaml.Text `yaml:"maps"`
	Tables            strictyaml.Text `yaml:"tables"`
	Engine            struct {
		Threads        strictyaml.Text `yaml:"threads"`
		MemoryLimit    strictyaml.Text `yaml:"memory_limit"`
		TemporaryLimit strictyaml.Text `yaml:"temporary_limit"`
	} `yaml:"engine"`
	Access struct {
		Umask strictyaml.Text `yaml:"umask"`
	} `yaml:"access"`
	Approvals strictyaml.Text `yaml:"approvals"`
	Schedule  struct {
		BusinessDays strictyaml.Text `yaml:"business_days"`
		Time         strictyaml.Text `yaml:"time"`
		TimeZone     strictyaml.Text `yaml:"time_zone"`
	} `yaml:"schedule"`
	Retention struct {
		Years      strictyaml.Text `yaml:"years"`
		GraceHours strictyaml.Text `yaml:"grace_hours"`
	} `yaml:"retention"`
	Query struct {
		MemoryLimit strictyaml.Text `yaml:"memory_limit"`
		Seconds     strictyaml.Text `yaml:"seconds"`
	} `yaml:"query"`
	Packet struct {
		AuditorKey          strictyaml.Text `yaml:"auditor_key"`
		Concentration       strictyaml.Text `yaml:"concentration"`
		LeastCounterparties strictyaml.Text `yaml:"least_counterparties"`
		Materiality         strictyaml.Text `yaml:"materiality"`
		SigningKey          strictyaml.Text `yaml:"signing_key"`
		TrustedKeys         strictyaml.Text `yaml:"trusted_keys"`
	} `yaml:"packet"`
	Monitoring struct {
		Metrics          strictyaml.Text   `yaml:"metrics"`
		Lineage          strictyaml.Text   `yaml:"lineage"`
		OnFailure        []strictyaml.Text `yaml:"on_failure"`
		OnFailureSeconds strictyaml.Text   `yaml:"on_failure_seconds"`
	} `yaml:"monitoring"`
	Calendar struct {
		FiscalYearEnd strictyaml.Text   `yaml:"fiscal_year_end"`
		Holidays      []strictyaml.Text `yaml:"holidays"`
	} `yaml:"calendar"`
	Limits struct {
		Rejects struct {
			Count    strictyaml.Text `yaml:"count"`
			Money    strictyaml.Text `yaml:"money"`
			Unpriced strictyaml.Text `yaml:"unpriced"`
		} `yaml:"rejects"`
		Cells struct {
			Floors       strictyaml.Text `yaml:"floors"`
			NoValue      strictyaml.Text `yaml:"no_value"`
			Unclassified strictyaml.Text `yaml:"unclassified"`
		} `yaml:"cells"`
		InternalBreaks strictyaml.Text `yaml:"internal_breaks"`
		Ledger         strictyaml.Text `yaml:"ledger"`
		NoValue        strictyaml.Text `yaml:"no_value"`
		Unclassified   strictyaml.Text `yaml:"unclassified"`
		Unexplained    strictyaml.Text `yaml:"unexplained"`
		RateAgeDays    strictyaml.Text `yaml:"rate_age_days"`
		Findings       map[strictyaml.Text]struct {
			Positions strictyaml.Text `yaml:"positions"`
			Money     strictyaml.Text `yaml:"money"`
		} `yaml:"findings"`
	} `yaml:"limits"`
	CallReport struct {
		TwoWay strictyaml.Text `yaml:"two_way"`
	} `yaml:"call_report"`
	Materiality *materialityNode `yaml:"materiality"`
	RollForward strictyaml.Text  `yaml:"roll_forward"`
	Realized    struct {
		CashOnly       strictyaml.Text `yaml:"cash_only"`
		DeliveredSince strictyaml.Text `yaml:"delivered_since"`
	} `yaml:"realized"`
	Purpose struct {
		Evidence           strictyaml.Text `yaml:"evidence"`
		OverHedgeTolerance strictyaml.Text `yaml:"over_hedge_tolerance"`
		OverHedge          strictyaml.Text `yaml:"over_hedge"`
		Offset             strictyaml.Text `yaml:"offset"`
	} `yaml:"purpose"`
	Scopes []struct {
		Name          strictyaml.Text `yaml:"name,required"`
		LegalEntities []struct {
			Entity strictyaml.Text `yaml:"entity,required"`
			From   strictyaml.Text `yaml:"from"`
			Until  strictyaml.Text `yaml:"until"`
		} `yaml:"legal_entities"`
	} `yaml:"scopes"`
	Approvers []strictyaml.Text `yaml:"approvers"`
	Sources   []sourceNode      `yaml:"sources,required"`
}

type materialityNode struct {
	Balance  strictyaml.Text    `yaml:"balance,required"`
	Income   strictyaml.Text    `yaml:"income,required"`
	Percent  strictyaml.Text    `yaml:"percent"`
	PerTable strictyaml.Mapping `yaml:"per_table"`
	Owner    strictyaml.Text    `yaml:"owner,required"`
	Approver strictyaml.Text    `yaml:"approver,required"`
	Date     strictyaml.Text    `yaml:"date,required"`
}

type sourceNode struct {
	Name       strictyaml.Text    `yaml:"name,required"`
	DataSet    strictyaml.Text    `yaml:"data_set,required"`
	Files      strictyaml.Text    `yaml:"files,required"`
	Format     strictyaml.Text    `yaml:"format"`
	Delimiter  strictyaml.Text    `yaml:"delimiter"`
	Parties    []strictyaml.Text  `yaml:"parties"`
	Quote      strictyaml.Text    `yaml:"quote"`
	Where      strictyaml.Text    `yaml:"where"`
	Columns    strictyaml.Mapping `yaml:"columns"`
	SameNames  *bool              `yaml:"same_names"`
	AllowEmpty bool               `yaml:"allow_empty"`
	OnHoliday  strictyaml.Text    `yaml:"on_holiday"`
	Required   *bool              `yaml:"required"`
}

// Load reads a config file. flags are settings of the command line, by key. The
// error is strictyaml.Faults, or of reading the file.
func Load(path string, flags map[string]string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return Config{}, err
	}
	r := reader{config: Config{File: absolute, Folder: filepath.Dir(absolute)}, file: filepath.Base(path), values: map[string]string{}}
	var doc document
	if err := strictyaml.Decode(r.file, text, &doc); err != nil {
		faults, ok := strictyaml.IsFaults(err)
		if !ok {
			return Config{}, err
		}
		r.faults = faults
	}
	if err := r.readSettings(string(text), flags); err != nil {
		return Config{}, err
	}
	r.checkSettings(doc)
	r.lists(doc)
	if len(r.faults) > 0 {
		return Config{}, r.faults
	}
	return r.config, nil
}

type reader struct {
	config  Config
	file    string
	values  map[string]string // of the settings
	origins map[string]string // where a value that is not the file's comes from
	faults  strictyaml.Faults
}

func (r *reader) fault(at strictyaml.Place, format string, arguments ...any) {
	if at.File == "" {
		at.File = r.file
	}
	r.faults = append(r.faults, strictyaml.Fault{Place: at, Message: fmt.Sprintf(format, arguments...)})
}

const environmentPrefix = "COMMENT11_"

// environmentName is the variable that sets a key.
func environmentName(key string) string {
	return environmentPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "__"))
}

// readSettings lets viper decide which value of each key counts.
func (r *reader) readSettings(text string, flags map[string]string) error {
	v := viper.New()
	v.SetConfigType("yaml")
	if err := v.ReadConfig(strings.NewReader(text)); err != nil && len(r.faults) == 0 {
		return err
	}
	r.origins = map[string]string{}
	var keys, variables []string
	for _, s := range settings {
		keys = append(keys, s.key)
		variables = append(variables, environmentName(s.key))
		v.SetDefault(s.key, s.fallback)
		if err := v.BindEnv(s.key, environmentName(s.key)); err != nil {
			return err
		}
		if os.Getenv(environmentName(s.key)) != "" {
			r.origins[s.key] = "environment " + environmentName(s.key)
		}
	}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, environmentPrefix) && !slices.Contains(variables, name) {
			r.fault(strictyaml.Place{File: "environment"}, "unknown variable %s; %s", name, strictyaml.Hint(name, variables))
		}
	}
	for key, value := range flags {
		if !slices.Contains(keys, key) {
			r.fault(strictyaml.Place{File: "--set"}, "unknown key %q; %s", key, strictyaml.Hint(key, keys))
			continue
		}
		v.Set(key, value)
		r.origins[key] = "--set " + key
	}
	for _, key := range keys {
		r.values[key] = v.GetString(key)
	}
	return nil
}

// checkSettings checks every scalar and puts it where it belongs.
func (r *reader) checkSettings(doc document) {
	written := map[string]strictyaml.Text{
		"access.umask": doc.Access.Umask, "approvals": doc.Approvals, "calendar.fiscal_year_end": doc.Calendar.FiscalYearEnd,
		"monitoring.lineage": doc.Monitoring.Lineage, "monitoring.metrics": doc.Monitoring.Metrics, "monitoring.on_failure_seconds": doc.Monitoring.OnFailureSeconds,
		"packet.auditor_key": doc.Packet.AuditorKey, "packet.concentration": doc.Packet.Concentration,
		"packet.least_counterparties": doc.Packet.LeastCounterparties, "packet.materiality": doc.Packet.Materiality,
		"packet.signing_key": doc.Packet.SigningKey, "packet.trusted_keys": doc.Packet.TrustedKeys,
		"query.memory_limit": doc.Query.MemoryLimit, "query.seconds": doc.Query.Seconds,
		"retention.grace_hours": doc.Retention.GraceHours, "retention.years": doc.Retention.Years,
		"schedule.business_days": doc.Schedule.BusinessDays, "schedule.time": doc.Schedule.Time, "schedule.time_zone": doc.Schedule.TimeZone, "engine.memory_limit": doc.Engine.MemoryLimit,
		"engine.temporary_limit": doc.Engine.TemporaryLimit, "engine.threads": doc.Engine.Threads, "limits.no_value": doc.Limits.NoValue, "limits.internal_breaks": doc.Limits.InternalBreaks,
		"limits.ledger": doc.Limits.Ledger, "call_report.two_way": doc.CallReport.TwoWay,
		"limits.cells.floors": doc.Limits.Cells.Floors, "limits.cells.no_value": doc.Limits.Cells.NoValue, "limits.cells.unclassified": doc.Limits.Cells.Unclassified,
		"limits.rate_age_days": doc.Limits.RateAgeDays, "limits.rejects.count": doc.Limits.Rejects.Count,
		"limits.rejects.money": doc.Limits.Rejects.Money, "limits.rejects.unpriced": doc.Limits.Rejects.Unpriced,
		"limits.unclassified": doc.Limits.Unclassified, "limits.unexplained": doc.Limits.Unexplained, "roll_forward": doc.RollForward, "maps": doc.Maps, "reporting_currency": doc.ReportingCurrency, "rules": doc.Rules,
		"purpose.evidence": doc.Purpose.Evidence, "purpose.over_hedge_tolerance": doc.Purpose.OverHedgeTolerance,
		"purpose.over_hedge": doc.Purpose.OverHedge, "purpose.offset": doc.Purpose.Offset,
		"realized.cash_only": doc.Realized.CashOnly, "realized.delivered_since": doc.Realized.DeliveredSince,
		"tables": doc.Tables, "unit": doc.Unit, "warehouse": doc.Warehouse,
	}
	for _, s := range settings {
		text, isWritten := written[s.key], written[s.key].Line > 0
		if r.origins[s.key] == "" && isWritten {
			r.values[s.key] = text.Value // as it is spelled: viper would make 12-31 or 1e3 of it what it likes
		}
		if s.check == nil {
			continue
		}
		if expected := s.check(r.values[s.key]); expected != "" {
			r.fault(r.origin(s.key, text.Place), "%s: %q: expected %s", s.key, r.values[s.key], expected)
		}
	}
	number := func(key string) int {
		n, _ := strconv.Atoi(r.values[key]) // checked above
		return n
	}
	c := &r.config
	c.Warehouse = r.path("warehouse")
	c.ReportingCurrency, c.Unit = r.values["reporting_currency"], r.values["unit"]
	c.Engine = Engine{number("engine.threads"), r.values["engine.memory_limit"], r.values["engine.temporary_limit"]}
	c.Calendar.FiscalYearEnd = r.values["calendar.fiscal_year_end"]
	c.Umask = r.values["access.umask"]
	c.Schedule = Schedule{number("schedule.business_days"), r.values["schedule.time"], r.values["schedule.time_zone"]}
	c.Retention = Retention{number("retention.years"), number("retention.grace_hours")}
	c.Query = Query{r.values["query.memory_limit"], number("query.seconds")}
	c.Monitoring = Monitoring{Metrics: r.outputPath("monitoring.metrics", doc.Monitoring.Metrics.Place),
		Lineage: r.outputPath("monitoring.lineage", doc.Monitoring.Lineage.Place), OnFailureSeconds: number("monitoring.on_failure_seconds")}
	c.Approvals = r.path("approvals")
	c.Packet = Packet{LeastCounterparties: number("packet.least_counterparties"), Concentration: r.values["packet.concentration"], Materiality: r.values["packet.materiality"]}
	for key, file := range map[string]*string{"packet.auditor_key": &c.Packet.AuditorKey, "packet.signing_key": &c.Packet.SigningKey, "packet.trusted_keys": &c.Packet.TrustedKeys} {
		if r.values[key] != "" {
			*file = r.path(key)
		}
	}
	c.Limits.Rejects.Count, c.Limits.Rejects.Unpriced = number("limits.rejects.count"), number("limits.rejects.unpriced")
	c.Purpose = Purpose{Evidence: r.values["purpose.evidence"], OverHedgeTolerance: r.values["purpose.over_hedge_tolerance"],
		OverHedge: r.values["purpose.over_hedge"], Offset: r.values["purpose.offset"]}
	c.Limits.Cells = CellLimits{number("limits.cells.floors"), number("limits.cells.no_value"), number("limits.cells.unclassified")}
	c.Limits.InternalBreaks, c.Limits.Ledger = r.values["limits.internal_breaks"], r.values["limits.ledger"]
	c.CallReport.TwoWay = r.values["call_report.two_way"]
	c.Limits.Unexplained = r.values["limits.unexplained"]
	c.RollForward = r.values["roll_forward"]
	c.Realized.CashOnly = r.values["realized.cash_only"]
	c.Realized.DeliveredSince, _ = time.Parse(time.DateOnly, r.values["realized.delivered_since"]) // checked above; nothing is zero
	c.Limits.Rejects.Money = r.values["limits.rejects.money"]
	c.Limits.NoValue, c.Limits.Unclassified, c.Limits.RateAgeDays = number("limits.no_value"), number("limits.unclassified"), number("limits.rate_age_days")
	for key, folder := range map[string]*string{"rules": &c.Rules, "maps": &c.Maps, "tables": &c.Tables} {
		if r.values[key] == "" {
			continue
		}
		*folder = r.path(key)
		if info, err := os.Stat(*folder); err != nil || !info.IsDir() {
			r.fault(r.origin(key, written[key].Place), "%s: %q: no such folder beside the config", key, r.values[key])
		}
	}
}

// origin is where the value of a key comes from: its place in the file, unless the
// environment or a flag set it.
func (r *reader) origin(key string, written strictyaml.Place) strictyaml.Place {
	if origin := r.origins[key]; origin != "" {
		return strictyaml.Place{File: origin}
	}
	return written
}

// outputPath makes the value of a key that names a file to write absolute. It may
// not lie in the warehouse, where releases and the catalog are written by
// publishing alone; an empty one is a file there of a fixed name.
func (r *reader) outputPath(key string, at strictyaml.Place) string {
	if r.values[key] == "" {
		return ""
	}
	path := r.path(key)
	if inside, err := filepath.Rel(r.config.Warehouse, path); err == nil && filepath.IsLocal(inside) {
		r.fault(r.origin(key, at), "%s: %q: lies in the warehouse, where only publishing writes; expected a file elsewhere, or empty", key, r.values[key])
	}
	return path
}

// path makes the value of a key absolute, from the config's folder.
func (r *reader) path(key string) string {
	if filepath.IsAbs(r.values[key]) {
		return r.values[key]
	}
	return filepath.Join(r.config.Folder, r.values[key])
}
