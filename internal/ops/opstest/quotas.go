package opstest

import "regexp"

// HandleQuotas lets a fake answer Service Quotas, of which moto knows the service vpc alone and the defaults not by their code.
// Applied are the values that the account was given, defaults AWS's own, both by "service code", such as
// "fargate L-3032A538". A quota that is in neither is one that AWS does not have in the region.
func HandleQuotas(c *Cloud, applied, defaults map[string]float64) {
	c.Handle("servicequotas", "GetServiceQuota", func(call Call) Answer { return quota(call, applied) })
	c.Handle("servicequotas", "GetAWSDefaultServiceQuota", func(call Call) Answer { return quota(call, defaults) })
}

// The forms of the API's model.
var (
	serviceCode = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]{1,63}$`)
	quotaCode   = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]{1,128}$`)
)

func quota(call Call, values map[string]float64) Answer {
	var request struct{ ServiceCode, QuotaCode, ContextId string }
	if answer := strict(call.Body, &request); answer != nil {
		return *answer
	}
	if !serviceCode.MatchString(request.ServiceCode) || !quotaCode.MatchString(request.QuotaCode) {
		return *refused("IllegalArgumentException", "ServiceCode %q or QuotaCode %q is missing or malformed", request.ServiceCode, request.QuotaCode)
	}
	value, known := values[request.ServiceCode+" "+request.QuotaCode]
	if !known {
		return *refused("NoSuchResourceException", "The request failed because the specified quota does not exist")
	}
	return reply(map[string]any{"Quota": map[string]any{
		"ServiceCode": request.ServiceCode, "QuotaCode": request.QuotaCode, "Value": value, "Adjustable": true, "GlobalQuota": false,
	}})
}
