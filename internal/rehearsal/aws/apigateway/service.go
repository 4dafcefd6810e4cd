// Package apigateway describes API Gateway to the stand-in.
package apigateway

import "github.com/itrack/itrack/internal/rehearsal/catalog"

// Service is what the stand-in knows of API Gateway.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{accountType()}}
}
