package httpapi

import (
	"net/http"

	"github.com/itrack/itrack/app/backend/internal/accounts"
	"github.com/itrack/itrack/app/backend/internal/auth"
	"github.com/itrack/itrack/app/backend/internal/fault"
	"github.com/itrack/itrack/app/backend/internal/items"
	"github.com/itrack/itrack/app/backend/internal/telemetry"
)

func (s *Server) signUp(w http.ResponseWriter, r *http.Request) error {
	var wanted accounts.SignUp
	if err := readJSON(w, r, &wanted); err != nil {
		return err
	}
	// Where accounts are made by managers, this one is; a proof that is given has to be good.
	by, err := s.principal(r)
	if err != nil {
		return err
	}
	account, err := s.Accounts.SignUp(r.Context(), by, wanted)
	if err != nil {
		return err
	}
	w.Header().Set("Location", s.BasePath+"/accounts/"+account.ID)
	return reply(w, http.StatusCreated, viewAccount(account))
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	var given struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}
	if err := readJSON(w, r, &given); err != nil {
		return err
	}
	session, err := s.Accounts.SignIn(r.Context(), given.Email, given.Password)
	outcome := "ok"
	switch {
	case fault.Is(err, fault.Unauthenticated):
		outcome = "failed"
	case fault.Is(err, fault.Throttled):
		outcome = "blocked"
	case err != nil:
		outcome = "error"
	}
	s.Metrics.Add(telemetry.SignIns, "Outcome", outcome, 1)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, sessionView{Token: session.Token, Type: "Bearer", Ends: session.Ends.UTC(), Account: viewAccount(session.Account)})
}

func (s *Server) ownAccount(w http.ResponseWriter, r *http.Request) error {
	account, err := s.Accounts.Store.ByID(r.Context(), principalOf(r).ID)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, viewAccount(account))
}

func (s *Server) account(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if !items.ValidID(id) { // ids of accounts have the form of items' ids
		return accounts.NotFound()
	}
	account, err := s.Accounts.Store.ByID(r.Context(), id)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, viewAccount(account))
}

func (s *Server) findAccount(w http.ResponseWriter, r *http.Request) error {
	query, err := readQuery(r, "email")
	if err != nil {
		return err
	}
	email := accounts.NormalEmail(query["email"])
	if email == "" {
		return fault.Fields(fault.Field{Field: "email", Rule: "is an e-mail address", Hint: "such as ada@example.com"})
	}
	view := accountsView{Accounts: []accountView{}}
	account, _, err := s.Accounts.Store.ByEmail(r.Context(), email)
	if err == nil {
		view.Accounts = append(view.Accounts, viewAccount(account))
	} else if !fault.Is(err, fault.NotFound) {
		return err
	}
	return reply(w, http.StatusOK, view)
}

func (s *Server) setRole(w http.ResponseWriter, r *http.Request) error {
	var given struct {
		Role auth.Role `json:"role"`
	}
	if err := readJSON(w, r, &given); err != nil {
		return err
	}
	id := r.PathValue("id")
	if !items.ValidID(id) {
		return accounts.NotFound()
	}
	account, err := s.Accounts.SetRole(r.Context(), principalOf(r), id, given.Role)
	if err != nil {
		return err
	}
	s.Log.InfoContext(r.Context(), "a role was changed", "account", account.ID, "role", string(account.Role), "by", principalOf(r).ID)
	return reply(w, http.StatusOK, viewAccount(account))
}
