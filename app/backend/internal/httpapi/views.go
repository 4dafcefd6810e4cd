package httpapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/itrack/itrack/app/backend/internal/accounts"
	"github.com/itrack/itrack/app/backend/internal/history"
	"github.com/itrack/itrack/app/backend/internal/items"
	"github.com/itrack/itrack/app/backend/internal/stock"
)

func parseQuery(text string) (url.Values, error) { return url.ParseQuery(text) }

// The bodies of answers, as openapi.json has them.

type itemView struct {
	ID        string       `json:"id"`
	Type      string       `json:"type"`
	Serial    string       `json:"serial"`
	Status    items.Status `json:"status"`
	Holder    string       `json:"holder,omitempty"`
	Place     string       `json:"place,omitempty"`
	Version   int64        `json:"version"`
	Created   time.Time    `json:"createdAt"`
	Updated   time.Time    `json:"updatedAt"`
	ChangedBy string       `json:"changedBy"`
}

func viewItem(i items.Item) itemView {
	return itemView{
		ID: i.ID, Type: i.Type, Serial: i.Serial, Status: i.Status, Holder: i.Holder, Place: i.Place, Version: i.Version,
		Created: i.Created, Updated: i.Updated, ChangedBy: i.ChangedBy,
	}
}

type itemsView struct {
	Items []itemView `json:"items"`
	// Next is the cursor of the next page; absent on the last one.
	Next string `json:"next,omitempty"`
}

func viewItems(found []items.Item, next string) itemsView {
	view := itemsView{Items: make([]itemView, 0, len(found)), Next: next}
	for _, item := range found {
		view.Items = append(view.Items, viewItem(item))
	}
	return view
}

type eventView struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Before *itemView `json:"before,omitempty"`
	After  *itemView `json:"after,omitempty"`
}

type historyView struct {
	Events []eventView `json:"events"`
	Next   string      `json:"next,omitempty"`
}

func viewHistory(page history.Page, next string) historyView {
	view := historyView{Events: make([]eventView, 0, len(page.Events)), Next: next}
	image := func(item *items.Item) *itemView {
		if item == nil {
			return nil
		}
		seen := viewItem(*item)
		return &seen
	}
	for _, event := range page.Events {
		view.Events = append(view.Events, eventView{ID: event.ID, At: event.At, Before: image(event.Before), After: image(event.After)})
	}
	return view
}

type accountView struct {
	ID      string    `json:"id"`
	Email   string    `json:"email"`
	Name    string    `json:"name"`
	Role    string    `json:"role"`
	Created time.Time `json:"createdAt"`
}

func viewAccount(a accounts.Account) accountView {
	return accountView{ID: a.ID, Email: a.Email, Name: a.Name, Role: string(a.Role), Created: a.Created}
}

type accountsView struct {
	Accounts []accountView `json:"accounts"`
}

type sessionView struct {
	Token   string      `json:"token"`
	Type    string      `json:"tokenType"`
	Ends    time.Time   `json:"expiresAt"`
	Account accountView `json:"account"`
}

type limitView struct {
	Type    string    `json:"type"`
	Minimum int       `json:"minimum"`
	By      string    `json:"changedBy"`
	At      time.Time `json:"updatedAt"`
}

func viewLimit(l stock.Limit) limitView {
	return limitView{Type: l.Type, Minimum: l.Minimum, By: l.By, At: l.At}
}

type limitsView struct {
	Limits []limitView `json:"limits"`
}

type lowView struct {
	Types []items.Low `json:"types"`
}

type versionView struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Go       string `json:"go"`
}

// reply writes v as JSON.
func reply(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone needs no answer
	return nil
}
