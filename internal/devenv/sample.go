package devenv

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// Account is a sample account. Its password is published, here and on the terminal.
type Account struct{ Email, Name, Role, Password string }

// Accounts are the sample accounts; the first is a manager.
var Accounts = []Account{
	{"grace@example.com", "Grace Hopper", "manager", "sample password one"},
	{"ada@example.com", "Ada Lovelace", "member", "sample password two"},
	{"alan@example.com", "Alan Turing", "member", "sample password three"},
}

// itemTypes are the sample types of items, each with the fewest that should be available. One of them runs short.
var itemTypes = map[string]int{"laptop": 1, "monitor": 1, "phone": 2, "headset": 1}

// sampleItem is an item and the status that it gets; holder is the address of an account.
type sampleItem struct{ typ, serial, place, status, holder string }

// samples hold every status, and every type of itemTypes.
var samples = []sampleItem{
	{"laptop", "LT-0001", "office 2.14", "available", ""},
	{"laptop", "LT-0002", "", "assigned", "ada@example.com"},
	{"laptop", "LT-0003", "", "assigned", "alan@example.com"},
	{"laptop", "LT-0004", "service desk", "inRepair", ""},
	{"laptop", "LT-0005", "cellar", "retired", ""},
	{"monitor", "MN-0001", "office 2.14", "available", ""},
	{"monitor", "MN-0002", "office 2.15", "available", ""},
	{"monitor", "MN-0003", "", "assigned", "ada@example.com"},
	{"phone", "PH-0001", "service desk", "available", ""},
	{"phone", "PH-0002", "", "assigned", "grace@example.com"},
	{"phone", "PH-0003", "service desk", "inRepair", ""},
	{"headset", "HS-0001", "office 2.14", "available", ""},
	{"headset", "HS-0002", "cellar", "retired", ""},
}

// load makes the sample data through the API, as anybody else would. Done again it changes nothing: what is there stays
// as a developer left it.
func load(ctx context.Context, c *client) error {
	ids := map[string]string{}
	for _, account := range Accounts {
		id, err := c.account(ctx, account)
		if err != nil {
			return fmt.Errorf("making the sample account %s: %w", account.Email, err)
		}
		ids[account.Email] = id
	}
	for typ, minimum := range itemTypes {
		var known struct {
			Limits []struct {
				Type string `json:"type"`
			} `json:"limits"`
		}
		if _, err := c.ask(ctx, http.MethodGet, basePath+"/stock/limits", nil, &known); err != nil {
			return fmt.Errorf("reading the limits of types: %w", err)
		}
		there := false
		for _, limit := range known.Limits {
			there = there || limit.Type == typ
		}
		if there {
			continue
		}
		if _, err := c.ask(ctx, http.MethodPut, basePath+"/stock/limits/"+typ, map[string]int{"minimum": minimum}, nil); err != nil {
			return fmt.Errorf("making the sample type %s: %w", typ, err)
		}
	}
	for _, sample := range samples {
		if err := c.item(ctx, sample, ids[sample.holder]); err != nil {
			return fmt.Errorf("making the sample item %s: %w", sample.serial, err)
		}
	}
	return nil
}

// account makes an account, or finds the one with the address, and makes sure of its role and password.
func (c *client) account(ctx context.Context, account Account) (string, error) {
	var found struct {
		ID   string `json:"id"`
		Role string `json:"role"`
	}
	_, err := c.ask(ctx, http.MethodPost, basePath+"/auth/signup",
		map[string]string{"email": account.Email, "name": account.Name, "password": account.Password}, &found)
	var refused *refusal
	if errors.As(err, &refused) && refused.code == "address-taken" {
		var session struct {
			Account struct {
				ID   string `json:"id"`
				Role string `json:"role"`
			} `json:"account"`
		}
		if _, err := c.ask(ctx, http.MethodPost, basePath+"/auth/login", map[string]string{"email": account.Email, "password": account.Password}, &session); err != nil {
			return "", fmt.Errorf("there is an account with this address and another password than the sample's; use another schema: %w", err)
		}
		found.ID, found.Role = session.Account.ID, session.Account.Role
	} else if err != nil {
		return "", err
	}
	if found.Role == account.Role {
		return found.ID, nil
	}
	_, err = c.ask(ctx, http.MethodPut, basePath+"/accounts/"+url.PathEscape(found.ID)+"/role", map[string]string{"role": account.Role}, nil)
	return found.ID, err
}

// item makes an item and gives it its status. The key makes a second run find what the first one made.
func (c *client) item(ctx context.Context, sample sampleItem, holder string) error {
	var item struct {
		ID      string `json:"id"`
		Status  string `json:"status"`
		Holder  string `json:"holder"`
		Version int    `json:"version"`
	}
	header, err := c.ask(ctx, http.MethodPost, basePath+"/items",
		map[string]string{"type": sample.typ, "serial": sample.serial, "place": sample.place}, &item, "Idempotency-Key", "sample-"+sample.typ+"-"+sample.serial)
	var refused *refusal
	if errors.As(err, &refused) && refused.code == "item-exists" {
		return nil // somebody made one of this name; it is theirs
	}
	if err != nil {
		return err
	}
	version, path := header.Get("ETag"), basePath+"/items/"+url.PathEscape(item.ID)
	if item.Holder != "" && item.Holder != holder {
		// The items are an earlier run's and the database is new: their holders are gone.
		_, err := c.ask(ctx, http.MethodGet, basePath+"/accounts/"+url.PathEscape(item.Holder), nil, nil)
		if !errors.As(err, &refused) || refused.status != http.StatusNotFound {
			return err
		}
		header, err := c.ask(ctx, http.MethodPost, path+"/return", nil, nil, "If-Match", version)
		if err != nil {
			return err
		}
		version = header.Get("ETag")
	} else if item.Version != 1 {
		return nil // it had its status, and perhaps another one since
	}
	switch sample.status {
	case "assigned":
		_, err = c.ask(ctx, http.MethodPost, path+"/assign", map[string]string{"holder": holder}, nil, "If-Match", version)
	case "inRepair":
		_, err = c.ask(ctx, http.MethodPost, path+"/repair", nil, nil, "If-Match", version)
	case "retired":
		_, err = c.ask(ctx, http.MethodPost, path+"/retire", nil, nil, "If-Match", version)
	}
	return err
}
