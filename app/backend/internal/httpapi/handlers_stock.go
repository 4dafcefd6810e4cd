package httpapi

import (
	"net/http"

	"github.com/itrack/itrack/app/backend/internal/fault"
)

func (s *Server) listLimits(w http.ResponseWriter, r *http.Request) error {
	limits, err := s.Stock.Limits.All(r.Context())
	if err != nil {
		return err
	}
	view := limitsView{Limits: make([]limitView, 0, len(limits))}
	for _, limit := range limits {
		view.Limits = append(view.Limits, viewLimit(limit))
	}
	return reply(w, http.StatusOK, view)
}

func (s *Server) setLimit(w http.ResponseWriter, r *http.Request) error {
	var given struct {
		Minimum *int `json:"minimum"`
	}
	if err := readJSON(w, r, &given); err != nil {
		return err
	}
	if given.Minimum == nil {
		return fault.Fields(fault.Field{Field: "minimum", Rule: "is given"})
	}
	limit, err := s.Stock.Set(r.Context(), principalOf(r), r.PathValue("type"), *given.Minimum)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, viewLimit(limit))
}

func (s *Server) removeLimit(w http.ResponseWriter, r *http.Request) error {
	if err := s.Stock.Remove(r.Context(), r.PathValue("type")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) lowStock(w http.ResponseWriter, r *http.Request) error {
	low, err := s.Stock.Low(r.Context())
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, lowView{Types: low})
}
