package items

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/itrack/itrack/app/backend/internal/auth"
	"github.com/itrack/itrack/app/backend/internal/fault"
)

// Bounds of a CSV file. The body's size is bounded where the request is read.
const (
	// MostLines are the most items in one import.
	MostLines = 2000
	// MostExport are the most items in one export; the rest comes behind its cursor.
	MostExport = 5000
	// mostLine bounds one line, so that a file of commas alone makes no million fields.
	mostLine = 2048
	// importers is how many lines are written at once.
	importers = 8
	// byteOrderMark is U+FEFF in UTF-8.
	byteOrderMark = "\xEF\xBB\xBF"
)

// Columns are the columns of an export, and those that an import may have.
var Columns = []string{"id", "type", "serial", "status", "holder", "place", "version", "createdAt", "updatedAt"}

// imported are the columns that an import reads; the others of Columns may be there, so that an export can be imported in
// another place, but a new item has a life of its own.
var imported = []string{"type", "serial", "place"}

// LineError is why a line made no item. Line counts from 1, the header.
type LineError struct {
	Line int    `json:"line"`
	Code string `json:"code"`
	fault.Field
}

// Report is what an import did.
type Report struct {
	Created int         `json:"created"`
	Failed  int         `json:"failed"`
	Errors  []LineError `json:"errors"`
}

type importLine struct {
	number int
	New
}

// Import makes an item of each line. A line with an error makes none and the others are not held up by it; so the same
// file, corrected, may be sent again: what is there already is told by the code exists.
func (s *Service) Import(ctx context.Context, by auth.Principal, file io.Reader) (Report, error) {
	lines, failed, err := parse(file)
	if err != nil {
		return Report{}, err
	}
	var mutex sync.Mutex
	created := 0
	work := make(chan importLine)
	var wait sync.WaitGroup
	for range importers {
		wait.Go(func() {
			for line := range work {
				broken := s.importOne(ctx, by, line)
				mutex.Lock()
				if broken == nil {
					created++
				} else {
					failed = append(failed, *broken)
				}
				mutex.Unlock()
			}
		})
	}
	for _, line := range lines {
		work <- line
	}
	close(work)
	wait.Wait()
	slices.SortStableFunc(failed, func(a, b LineError) int { return a.Line - b.Line })
	report := Report{Created: created, Errors: failed}
	for i := range failed {
		if i == 0 || failed[i].Line != failed[i-1].Line {
			report.Failed++
		}
	}
	return report, nil
}

func (s *Service) importOne(ctx context.Context, by auth.Principal, line importLine) *LineError {
	if ctx.Err() != nil {
		return &LineError{Line: line.number, Code: "not-tried", Field: fault.Field{Field: "line", Rule: "was not reached in time", Hint: "send the file again"}}
	}
	_, made, err := s.Store.Create(ctx, s.fresh(by, line.New))
	switch {
	case err != nil:
		return &LineError{Line: line.number, Code: "not-written", Field: fault.Field{Field: "line", Rule: "could not be written, or its answer was lost", Hint: "send the file again"}}
	case !made:
		return &LineError{Line: line.number, Code: "exists", Field: fault.Field{Field: "serial", Rule: "is new for its type", Hint: "the item is there already"}}
	}
	return nil
}

// parse reads the file. Its own form being broken is an error of the whole file; rules of items are errors of a line.
func parse(file io.Reader) (lines []importLine, failed []LineError, err error) {
	text := bufio.NewReader(&lineGuard{from: file})
	// Spreadsheets begin a file with a byte order mark. It goes before anything is read: a quote behind it would be none.
	mark, err := text.Peek(len(byteOrderMark))
	if err != nil && !errors.Is(err, io.EOF) { // it is said once
		return nil, nil, err
	}
	if string(mark) == byteOrderMark {
		_, _ = text.Discard(len(mark)) // it is there
	}
	reader := csv.NewReader(text)
	reader.ReuseRecord = true
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil, badFile("it is empty; its first line names the columns, type and serial among them")
	}
	if err != nil {
		return nil, nil, broken(err)
	}
	columns := slices.Clone(header)
	position := map[string]int{}
	for i, name := range columns {
		if _, twice := position[name]; twice || !slices.Contains(Columns, name) {
			return nil, nil, badColumn(name)
		}
		position[name] = i
	}
	for _, needed := range imported[:2] {
		if _, ok := position[needed]; !ok {
			return nil, nil, badFile("the column %s is missing in the first line", needed)
		}
	}
	seen := map[string]int{}
	for count := 1; ; count++ {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return lines, failed, nil
		}
		cells := !errors.Is(err, csv.ErrFieldCount) // the lines behind can be read all the same
		if err != nil && cells {
			return nil, nil, broken(err)
		}
		if count > MostLines {
			return nil, nil, &fault.Error{Kind: fault.TooLarge, Code: "too-many-lines", Detail: fmt.Sprintf("a file has at most %d lines besides the header; send it in parts", MostLines)}
		}
		if !cells {
			number, _ := reader.FieldPos(0)
			failed = append(failed, LineError{Line: number, Code: "invalid", Field: fault.Field{
				Field: "line", Rule: fmt.Sprintf("has %d cells, as the first line has", len(columns)), Hint: "a cell with a comma stands in quotes"}})
			continue
		}
		line, problems := readLine(reader, record, position)
		id := IDOf(line.Type, line.Serial)
		if first, twice := seen[id]; twice && len(problems) == 0 {
			problems = []fault.Field{{Field: "serial", Rule: "stands in a file once for its type", Hint: "line " + strconv.Itoa(first) + " has it"}}
		}
		if len(problems) > 0 {
			for _, problem := range problems {
				failed = append(failed, LineError{Line: line.number, Code: "invalid", Field: problem})
			}
			continue
		}
		seen[id] = line.number
		lines = append(lines, line)
	}
}

func readLine(reader *csv.Reader, record []string, position map[string]int) (importLine, []fault.Field) {
	var line importLine
	line.number, _ = reader.FieldPos(0)
	cell := func(name string) string {
		if i, ok := position[name]; ok {
			return strings.Clone(plain(strings.TrimSpace(record[i])))
		}
		return ""
	}
	line.Type, line.Serial, line.Place = cell("type"), cell("serial"), cell("place")
	problems := check(line.Type, line.Serial, line.Place)
	if status := cell("status"); status != "" && Status(status) != Available {
		problems = append(problems, fault.Field{Field: "status", Rule: "is empty or available: an import makes new items", Hint: "assign, repair or retire it afterwards"})
	}
	if cell("holder") != "" {
		problems = append(problems, fault.Field{Field: "holder", Rule: "is empty: an import makes new items", Hint: "assign it afterwards"})
	}
	return line, problems
}

func badFile(detail string, args ...any) error {
	return fault.New(fault.Invalid, "invalid-csv", "reading the file: "+detail, args...)
}

// badColumn names the column in a field: fields are for the asker alone, and the log has the detail. A file without a header
// has its first line here, whatever that is.
func badColumn(name string) error {
	return &fault.Error{
		Kind: fault.Invalid, Code: "invalid-csv", Detail: "reading the file: a column of the first line is unknown or stands twice; see errors",
		Fields: []fault.Field{{Field: clip(strings.ToValidUTF8(name, "?")), Rule: "is a known column and stands once", Hint: "known: " + strings.Join(Columns, ", ")}},
	}
}

// broken says why a file can't be read; an error of the request's body stays what it is.
func broken(err error) error {
	var form *csv.ParseError
	if errors.As(err, &form) {
		return badFile("line %d: %v", form.Line, form.Err)
	}
	return err
}

func clip(text string) string {
	if len(text) > 40 {
		return strings.ToValidUTF8(text[:40], "") + "…"
	}
	return text
}

// lineGuard refuses a line that is too long before anything is made of it.
type lineGuard struct {
	from   io.Reader
	length int
}

func (g *lineGuard) Read(into []byte) (int, error) {
	count, err := g.from.Read(into)
	for rest := into[:count]; ; {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			g.length += len(rest)
		}
		if g.length > mostLine || end > mostLine-g.length {
			return 0, badFile("a line is longer than %d bytes", mostLine)
		}
		if end < 0 {
			return count, err
		}
		g.length, rest = 0, rest[end+1:]
	}
}

// Export writes a list as CSV, up to MostExport items, and gives the cursor of the rest.
func (s *Service) Export(ctx context.Context, by auth.Principal, asked Listing, out io.Writer) (next string, err error) {
	query, name, err := s.listing(by, asked, MostExport, MostExport)
	if err != nil {
		return "", err
	}
	writer := csv.NewWriter(out)
	if err := writer.Write(Columns); err != nil {
		return "", err
	}
	for left := query.Limit; left > 0; {
		query.Limit = min(left, 500)
		page, err := s.Store.List(ctx, query)
		if err != nil {
			return "", err
		}
		for _, item := range page.Items {
			if err := writer.Write(row(item)); err != nil {
				return "", err
			}
		}
		left, query.After = left-len(page.Items), page.Next
		if page.Next == nil {
			break
		}
	}
	writer.Flush()
	if err := writer.Error(); err != nil {
		return "", err
	}
	return s.Cursors.Make(name, query.After)
}

func row(item Item) []string {
	cells := []string{
		item.ID, item.Type, item.Serial, string(item.Status), item.Holder, item.Place, strconv.FormatInt(item.Version, 10),
		item.Created.Format(timeForm), item.Updated.Format(timeForm),
	}
	for i, cell := range cells {
		cells[i] = guarded(cell)
	}
	return cells
}

// formulas are the characters with which a spreadsheet takes a cell for a formula.
// Source: https://owasp.org/www-community/attacks/CSV_Injection
const formulas = "=+-@\t\r"

// guarded writes a cell so that no spreadsheet computes it: an apostrophe comes first. Cells that begin with apostrophes
// before such a character get one more, so that plain gives back what was there.
func guarded(cell string) string {
	if startsFormula(cell) {
		return "'" + cell
	}
	return cell
}

// plain takes the apostrophe of guarded away.
func plain(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && startsFormula(rest) {
		return rest
	}
	return cell
}

func startsFormula(cell string) bool {
	rest := strings.TrimLeft(cell, "'")
	return rest != "" && strings.ContainsRune(formulas, rune(rest[0]))
}
