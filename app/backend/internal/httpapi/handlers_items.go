package httpapi

import (
	"bytes"
	"context"
	"net/http"
	"strconv"

	"github.com/itrack/itrack/app/backend/internal/fault"
	"github.com/itrack/itrack/app/backend/internal/items"
	"github.com/itrack/itrack/app/backend/internal/telemetry"
)

// replyItem answers with an item and its version as ETag.
func replyItem(w http.ResponseWriter, status int, item items.Item) error {
	w.Header().Set("ETag", etag(item.Version))
	return reply(w, status, viewItem(item))
}

func (s *Server) createItem(w http.ResponseWriter, r *http.Request) error {
	key, err := readKey(r)
	if err != nil {
		return err
	}
	var wanted items.New
	if err := readJSON(w, r, &wanted); err != nil {
		return err
	}
	item, again, err := s.Items.Create(r.Context(), principalOf(r), wanted, key)
	if err != nil {
		return err
	}
	if again {
		w.Header().Set("Idempotency-Replayed", "true")
	} else {
		s.counted("create")
	}
	w.Header().Set("Location", s.BasePath+"/items/"+item.ID)
	return replyItem(w, http.StatusCreated, item)
}

func (s *Server) item(w http.ResponseWriter, r *http.Request) error {
	item, err := s.Items.Get(r.Context(), principalOf(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return replyItem(w, http.StatusOK, item)
}

func listing(query map[string]string) items.Listing {
	return items.Listing{Holder: query["holder"], Type: query["type"], Status: query["status"], Limit: query["limit"], Cursor: query["cursor"]}
}

func (s *Server) listItems(w http.ResponseWriter, r *http.Request) error {
	query, err := readQuery(r, "holder", "type", "status", "limit", "cursor")
	if err != nil {
		return err
	}
	found, next, err := s.Items.List(r.Context(), principalOf(r), listing(query))
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, viewItems(found, next))
}

func (s *Server) moveItem(w http.ResponseWriter, r *http.Request) error {
	match, err := readMatch(r)
	if err != nil {
		return err
	}
	var given struct {
		Place *string `json:"place"`
	}
	if err := readJSON(w, r, &given); err != nil {
		return err
	}
	if given.Place == nil {
		return fault.Fields(fault.Field{Field: "place", Rule: "is given; an empty text means nowhere in particular"})
	}
	item, err := s.Items.Move(r.Context(), principalOf(r), r.PathValue("id"), match, *given.Place)
	if err != nil {
		return err
	}
	s.counted("move")
	return replyItem(w, http.StatusOK, item)
}

func (s *Server) assignItem(w http.ResponseWriter, r *http.Request) error {
	var given struct {
		Holder string `json:"holder"`
	}
	match, err := readMatch(r)
	if err != nil {
		return err
	}
	if err := readJSON(w, r, &given); err != nil {
		return err
	}
	return s.change(w, r, match, items.Assign, given.Holder)
}

func (s *Server) returnItem(w http.ResponseWriter, r *http.Request) error {
	return s.simpleChange(w, r, items.Return)
}

func (s *Server) repairItem(w http.ResponseWriter, r *http.Request) error {
	return s.simpleChange(w, r, items.Repair)
}

func (s *Server) retireItem(w http.ResponseWriter, r *http.Request) error {
	return s.simpleChange(w, r, items.Retire)
}

// simpleChange takes no body, or an empty object: there is nothing to say.
func (s *Server) simpleChange(w http.ResponseWriter, r *http.Request, operation items.Operation) error {
	match, err := readMatch(r)
	if err != nil {
		return err
	}
	if err := readNothing(w, r); err != nil {
		return err
	}
	return s.change(w, r, match, operation, "")
}

func (s *Server) change(w http.ResponseWriter, r *http.Request, match items.Match, operation items.Operation, holder string) error {
	item, err := s.Items.Change(r.Context(), principalOf(r), r.PathValue("id"), match, operation, holder)
	if err != nil {
		return err
	}
	s.counted(string(operation))
	return replyItem(w, http.StatusOK, item)
}

func (s *Server) itemHistory(w http.ResponseWriter, r *http.Request) error {
	query, err := readQuery(r, "limit", "cursor")
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	if !items.ValidID(id) {
		return items.NotFound()
	}
	limit, broken := items.Limit(query["limit"], items.DefaultLimit, items.MostLimit)
	if err := fault.Fields(broken...); err != nil {
		return err
	}
	list := "history\x00" + id
	after, err := s.Items.Cursors.Read(list, query["cursor"])
	if err != nil {
		return err
	}
	page, err := s.History.List(r.Context(), id, limit, after)
	if err != nil {
		return err
	}
	if len(page.Events) == 0 && after == nil {
		// No history may mean no item; the item itself knows.
		if _, err := s.Items.Get(r.Context(), principalOf(r), id); err != nil {
			return err
		}
	}
	next, err := s.Items.Cursors.Make(list, page.Next)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, viewHistory(page, next))
}

func (s *Server) importItems(w http.ResponseWriter, r *http.Request) error {
	if err := mediaType(r, "text/csv"); err != nil {
		return err
	}
	release, err := s.large(r.Context())
	if err != nil {
		return err
	}
	defer release()
	report, err := s.Items.Import(r.Context(), principalOf(r), http.MaxBytesReader(w, r.Body, mostCSV))
	if err != nil {
		return bodyError(err)
	}
	s.Metrics.Add(telemetry.ImportedLines, "Outcome", "created", report.Created)
	s.Metrics.Add(telemetry.ImportedLines, "Outcome", "failed", report.Failed)
	if report.Errors == nil {
		report.Errors = []items.LineError{}
	}
	return reply(w, http.StatusOK, report)
}

func (s *Server) exportItems(w http.ResponseWriter, r *http.Request) error {
	query, err := readQuery(r, "type", "status", "holder", "limit", "cursor")
	if err != nil {
		return err
	}
	release, err := s.large(r.Context())
	if err != nil {
		return err
	}
	defer release()
	// Into memory first: an error in the middle of a file would look like its end. MostExport bounds it to a few megabytes.
	var file bytes.Buffer
	next, err := s.Items.Export(r.Context(), principalOf(r), listing(query), &file)
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "text/csv; charset=utf-8")
	header.Set("Content-Disposition", `attachment; filename="items.csv"`)
	header.Set("Content-Length", strconv.Itoa(file.Len()))
	if next != "" {
		header.Set("X-Next-Cursor", next)
	}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(file.Bytes()) // a client that is gone needs no answer
	return nil
}

// large waits for one of the few places for imports and exports, which take the most memory.
func (s *Server) large(ctx context.Context) (release func(), err error) {
	select {
	case s.places <- struct{}{}:
		return func() { <-s.places }, nil
	case <-ctx.Done():
		return nil, fault.Outage("service", ctx.Err())
	}
}
