package items

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/fault"
)

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		file   string
		lines  int
		failed []string // line field
		whole  string
		column string // that the error names in a field
	}{
		"plain":                 {file: "type,serial,place\nlaptop,A1,Room 1\nphone,P1,\n", lines: 2},
		"any order and CRLF":    {file: "place,serial,type\r\nRoom,A1,laptop\r\n", lines: 1},
		"no place":              {file: "type,serial\nlaptop,A1\n", lines: 1},
		"byte order mark":       {file: "\uFEFFtype,serial\nlaptop,A1\n", lines: 1},
		"an export":             {file: strings.Join(Columns, ",") + "\nx,laptop,A1,available,,Room,3,t,t\n", lines: 1},
		"quoted lines":          {file: "type,serial,place\nlaptop,A1,\"a, b\"\n", lines: 1},
		"errors by line":        {file: "type,serial,place\nLaptop,A1,\nlaptop,,\nlaptop,A1,ok\nlaptop,=A2,\n", lines: 1, failed: []string{"2 type", "3 serial", "5 serial"}},
		"two errors in a line":  {file: "type,serial\n!,?\n", failed: []string{"2 type", "2 serial"}},
		"twice":                 {file: "type,serial\nlaptop,A1\nlaptop,A1\n", lines: 1, failed: []string{"3 serial"}},
		"a life of its own":     {file: "type,serial,status,holder\nlaptop,A1,retired,\nlaptop,A2,,me\n", failed: []string{"2 status", "3 holder"}},
		"control characters":    {file: "type,serial,place\nlaptop,A1,a\x00b\nlaptop,A2,\"a\nb\"\n", failed: []string{"2 place", "3 place"}},
		"not UTF-8":             {file: "type,serial,place\nlaptop,A1,\xff\xfe\n", failed: []string{"2 place"}},
		"empty":                 {whole: "it is empty"},
		"header only":           {file: "type,serial\n"},
		"unknown column":        {file: "type,serial,color\n", whole: "is unknown or stands twice", column: "color"},
		"column twice":          {file: "type,serial,type\n", whole: "is unknown or stands twice", column: "type"},
		"column missing":        {file: "type,place\n", whole: "column serial is missing"},
		"mark and quotes":       {file: "\uFEFF\"type\",\"serial\"\r\n\"laptop\",\"A1\"\r\n", lines: 1},
		"a mark alone":          {file: "\uFEFF", whole: "it is empty"},
		"two marks":             {file: "\uFEFF\uFEFFtype,serial\n", whole: "is unknown or stands twice"},
		"fields too many, few":  {file: "type,serial\nlaptop,A1,x\nlaptop\nlaptop,A3\n", lines: 1, failed: []string{"2 line", "3 line"}},
		"too many bad lines":    {file: "type,serial\n" + strings.Repeat("laptop\n", MostLines+1), whole: "at most 2000 lines"},
		"an open quote":         {file: "type,serial\nlaptop,\"A1\n", whole: "extraneous or missing"},
		"a long line":           {file: "type,serial\nlaptop," + strings.Repeat("a", 3000) + "\n", whole: "a line is longer than 2048"},
		"a million columns":     {file: strings.Repeat(",", 1_000_000), whole: "a line is longer than 2048"},
		"a million empty lines": {file: "type,serial\n" + strings.Repeat("\n", 1_000_000)},
		"too many lines":        {file: "type,serial\n" + strings.Repeat("laptop,A1\n", MostLines+1), whole: "at most 2000 lines"},
		"a quote over lines":    {file: "type,serial\n\"" + strings.Repeat("a\n", 100_000) + "\",x\n", failed: []string{"2 type"}},
	} {
		t.Run(name, func(t *testing.T) {
			lines, failed, err := parse(strings.NewReader(c.file))
			if c.whole != "" {
				require.ErrorContains(t, err, c.whole)
				var known *fault.Error
				require.ErrorAs(t, err, &known)
				if c.column != "" {
					require.Len(t, known.Fields, 1)
					assert.Equal(t, c.column, known.Fields[0].Field)
					assert.NotContains(t, err.Error(), c.column, "the log does not say what stood there")
				}
				return
			}
			require.NoError(t, err)
			assert.Len(t, lines, c.lines)
			var found []string
			for _, line := range failed {
				found = append(found, fmt.Sprint(line.Line, " ", line.Field.Field))
			}
			assert.Equal(t, c.failed, found)
		})
	}
}

func TestFormulasAreText(t *testing.T) {
	for cell, wanted := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", "'=1": "''=1", "''@": "'''@",
		"x": "x", "": "", "'": "'", "'x": "'x", "Room -1": "Room -1",
	} {
		assert.Equal(t, wanted, guarded(cell))
		assert.Equal(t, cell, plain(guarded(cell)), "an import gives back what was there")
	}
}

func FuzzGuarded(f *testing.F) {
	for _, seed := range []string{"", "=1", "'=1", "'''", "-", "x'=", "'\t"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		safe := guarded(cell)
		if safe != "" && strings.ContainsRune(formulas, rune(safe[0])) {
			t.Fatalf("%q is a formula", safe)
		}
		if plain(safe) != cell {
			t.Fatalf("%q does not come back: %q", cell, plain(safe))
		}
	})
}

func FuzzParseCSV(f *testing.F) {
	for _, seed := range []string{
		"type,serial\nlaptop,A1\n", "type,serial,place\nlaptop,A1,\"x\"\"y\"\n", "", ",", "\"", "type,serial\n\"", "\uFEFFtype,serial\na,b", "type,serial\r\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		lines, failed, err := parse(bytes.NewReader(file))
		if err != nil {
			var known *fault.Error
			if !errors.As(err, &known) {
				t.Fatalf("an error of ours: %v", err)
			}
			return
		}
		if len(lines) > MostLines {
			t.Fatal("too many lines")
		}
		for _, line := range lines {
			if len(check(line.Type, line.Serial, line.Place)) > 0 || line.number < 2 {
				t.Fatalf("%+v passed", line)
			}
		}
		for _, line := range failed {
			if line.Line < 2 || line.Field.Field == "" || line.Rule == "" {
				t.Fatalf("%+v says nothing", line)
			}
		}
	})
}

// Each cell of a row is safe, and a reader of CSV gives back the same cells.
func FuzzRow(f *testing.F) {
	f.Add("Room 1", "A1")
	f.Add("=cmd|' /C calc'!A0", "'")
	f.Add("a\"b,c\nd", "\r\n")
	f.Fuzz(func(t *testing.T, place, holder string) {
		cells := row(Item{Place: place, Holder: holder, Version: 1})
		var out bytes.Buffer
		writer := csv.NewWriter(&out)
		if err := writer.Write(cells); err != nil {
			return
		}
		writer.Flush()
		back, err := csv.NewReader(&out).Read()
		if err != nil {
			t.Fatal(err)
		}
		// encoding/csv reads \r\n inside a cell as \n.
		if strings.ReplaceAll(back[5], "\r\n", "\n") != strings.ReplaceAll(guarded(place), "\r\n", "\n") {
			t.Fatalf("%q became %q", place, back[5])
		}
	})
}
