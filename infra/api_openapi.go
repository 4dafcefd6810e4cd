package infra

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// The services' OpenAPI documents become one. API Gateway reads a part of OpenAPI 3.0 only ("Amazon API Gateway important
// notes for REST APIs", API Gateway developer guide): what it refuses is rewritten or left out here, always so that it
// checks less and never so that it refuses what the service takes.

// openAPIMethods are the operations of a path item.
var openAPIMethods = []string{"get", "put", "post", "delete", "head", "patch", "options"}

// anyMethod is API Gateway's operation for every method that a path has no operation for.
const anyMethod = "x-amazon-apigateway-any-method"

// apiDocument is a tree of maps, lists and scalars, as it stands in JSON.
type apiDocument = map[string]any

// merged is what the documents say together. Operations carry no integration yet.
type merged struct {
	paths, schemas apiDocument
	// limits are those of single operations, in a fixed order.
	limits []routeLimit
	// sent are the request headers that a browser may have to send, answered the response headers that a page may read.
	sent, answered headerNames
}

// mergeDocuments joins the documents of all services: paths below each service's own, and schemas under names of their
// own. A service without a document gets one proxy route.
func mergeDocuments(services map[string]ServiceSettings, documents map[string][]byte, stage APISettings) (*merged, error) {
	all := &merged{paths: apiDocument{}, schemas: apiDocument{}, sent: headerNames{}, answered: headerNames{}}
	all.sent.add(anyRequest...)
	all.answered.add(anyAnswer...)
	for _, name := range slices.Sorted(maps.Keys(services)) {
		service := services[name]
		text, ok := documents[name]
		if !ok {
			maps.Copy(all.paths, proxyPaths(service.Path))
			all.sent.add(proxiedRequest...)
			continue
		}
		if err := mergeService(name, service, text, all, stage); err != nil {
			return nil, fmt.Errorf("reading the OpenAPI document of service %s (itrack:services.%s.openapi, %s): %w", name, name, service.OpenAPI, err)
		}
	}
	return all, nil
}

// proxyPaths is the path itself and everything below it, with every method.
func proxyPaths(path string) apiDocument {
	below := strings.TrimSuffix(path, "/") + "/{proxy+}"
	return apiDocument{
		path: apiDocument{anyMethod: apiDocument{"responses": apiDocument{}}},
		below: apiDocument{anyMethod: apiDocument{
			"parameters": []any{pathParameter("proxy")}, "responses": apiDocument{},
		}},
	}
}

func pathParameter(name string) apiDocument {
	return apiDocument{"name": name, "in": "path", "required": true, "schema": apiDocument{"type": "string"}}
}

func mergeService(name string, service ServiceSettings, text []byte, all *merged, stage APISettings) error {
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil { // JSON is YAML
		return fmt.Errorf("it is neither YAML nor JSON: %w", err)
	}
	document, _ := stringKeys(tree).(apiDocument)
	if version, _ := document["openapi"].(string); !strings.HasPrefix(version, "3.0") {
		return fmt.Errorf("its openapi field is %q; API Gateway imports 3.0 documents, such as 3.0.3", fmt.Sprint(document["openapi"]))
	}
	reader := &documentReader{service: name, document: document, all: all, stage: stage}
	own, _ := document["paths"].(apiDocument)
	if len(own) == 0 {
		return fmt.Errorf("it has no paths; without the openapi key the service gets a proxy route")
	}
	if err := checkSegments(own); err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(own)) {
		item, ok := own[path].(apiDocument)
		if !ok {
			return fmt.Errorf("paths.%s is not a path item", path)
		}
		full := servedPath(service.Path, path)
		if _, taken := all.paths[full]; taken {
			return fmt.Errorf("the path %s is another service's already", full)
		}
		merged, err := reader.pathItem(full, item)
		if err != nil {
			return fmt.Errorf("paths.%s: %w", path, err)
		}
		all.paths[full] = merged
	}
	components, _ := document["components"].(apiDocument)
	declared, _ := components["schemas"].(apiDocument)
	for _, schema := range slices.Sorted(maps.Keys(declared)) {
		rewritten, err := reader.schema(declared[schema])
		if err != nil {
			return fmt.Errorf("components.schemas.%s: %w", schema, err)
		}
		all.schemas[reader.schemaName(schema)] = rewritten
	}
	return nil
}

// checkSegments refuses paths that API Gateway can't make resources of: a parameter is a whole segment, and at one place in
// the tree it has one name.
func checkSegments(paths apiDocument) error {
	names := map[string]string{}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		above := ""
		for _, segment := range strings.Split(strings.Trim(path, "/"), "/") {
			if strings.ContainsAny(segment, "{}") && pathName.FindString(segment) != segment {
				return fmt.Errorf("paths.%s: %s is a parameter and more; API Gateway takes a whole segment, such as /items/{id}", path, segment)
			}
			if strings.HasPrefix(segment, "{") {
				if other := names[above]; other != "" && other != segment {
					return fmt.Errorf("paths.%s: below %s/ the parameter is %s in another path; API Gateway takes one name there", path, above, other)
				}
				names[above] = segment
			}
			above += "/" + segment
		}
	}
	return nil
}

// stringKeys writes every key as text: in YAML a response's 200 is a number.
func stringKeys(value any) any {
	switch node := value.(type) {
	case map[string]any:
		for key, inner := range node {
			node[key] = stringKeys(inner)
		}
	case map[any]any:
		result := apiDocument{}
		for key, inner := range node {
			result[fmt.Sprint(key)] = stringKeys(inner)
		}
		return result
	case []any:
		for i, inner := range node {
			node[i] = stringKeys(inner)
		}
	}
	return value
}

// servedPath is where a document's path is served: the balancer sends a service what lies below its own path. A path that
// lies there already stays.
func servedPath(own, path string) string {
	own = strings.TrimSuffix(own, "/")
	if path == own || strings.HasPrefix(path, own+"/") {
		return path
	}
	return strings.TrimSuffix(own+path, "/")
}

// documentReader rewrites one service's document.
type documentReader struct {
	service  string
	document apiDocument
	all      *merged
	stage    APISettings
}

// pathItem keeps the operations, each with the parameters of the item and of the path's own pattern.
func (r *documentReader) pathItem(path string, item apiDocument) (apiDocument, error) {
	shared, err := r.list(item["parameters"])
	if err != nil {
		return nil, err
	}
	if _, misplaced := item[throttleKey]; misplaced {
		return nil, fmt.Errorf("%s belongs to an operation, such as get, not to the path", throttleKey)
	}
	result := apiDocument{}
	for _, method := range openAPIMethods {
		operation, ok := item[method].(apiDocument)
		if !ok {
			continue
		}
		if result[method], err = r.operation(path, operation, shared); err != nil {
			return nil, fmt.Errorf("%s: %w", method, err)
		}
		if err := r.limit(path, method, operation); err != nil {
			return nil, fmt.Errorf("%s: %w", method, err)
		}
	}
	if len(result) == 0 {
		return nil, fmt.Errorf("it has none of the operations %s", strings.Join(openAPIMethods, ", "))
	}
	return result, nil
}

// operation keeps what API Gateway checks or needs: parameters, body, responses by code, name and summary. References
// other than to schemas are written out, since API Gateway follows those alone.
//
// Its security stays out: API Gateway would take a scheme of the header X-Api-Key for its own API keys, and turn away every
// key that it did not make. The service checks proofs (docs/decisions/0016).
func (r *documentReader) operation(path string, operation apiDocument, shared []apiDocument) (apiDocument, error) {
	result := apiDocument{"responses": apiDocument{}}
	for _, key := range []string{"operationId", "summary", "description", "tags"} {
		if value, ok := operation[key]; ok {
			result[key] = value
		}
	}
	if id, ok := operation["operationId"].(string); ok { // names of operations are unique in one API
		result["operationId"] = pascal(r.service) + pascal(id)
	}
	parameters, err := r.parameters(path, operation, shared)
	if err != nil {
		return nil, err
	}
	if len(parameters) > 0 {
		result["parameters"] = parameters
	}
	if err := r.proofs(operation); err != nil {
		return nil, err
	}
	if body, ok := operation["requestBody"]; ok {
		if result["requestBody"], err = r.body(body); err != nil {
			return nil, fmt.Errorf("requestBody: %w", err)
		}
	}
	responses, _ := operation["responses"].(apiDocument)
	for code, value := range responses {
		response, err := r.follow(value)
		if err != nil {
			return nil, fmt.Errorf("responses.%s: %w", code, err)
		}
		// Only the description: answers pass through, API Gateway checks none of them.
		description, _ := response["description"].(string)
		headers, _ := response["headers"].(apiDocument)
		r.all.answered.add(slices.Collect(maps.Keys(headers))...)
		result["responses"].(apiDocument)[code] = apiDocument{"description": description}
	}
	return result, nil
}

// parameters are the item's, overridden by the operation's own, and one for each {name} in the path that has none.
func (r *documentReader) parameters(path string, operation apiDocument, shared []apiDocument) ([]any, error) {
	own, err := r.list(operation["parameters"])
	if err != nil {
		return nil, err
	}
	byName := map[string]apiDocument{}
	for _, parameter := range append(slices.Clone(shared), own...) {
		kept := apiDocument{}
		for _, key := range []string{"name", "in", "required", "description"} {
			if value, ok := parameter[key]; ok {
				kept[key] = value
			}
		}
		if kept["schema"], err = r.schema(parameter["schema"]); err != nil {
			return nil, fmt.Errorf("parameter %v: %w", parameter["name"], err)
		}
		if kept["schema"] == nil {
			kept["schema"] = apiDocument{"type": "string"}
		}
		if kept["in"] != "cookie" { // API Gateway knows no cookies as parameters; the service reads them itself
			byName[fmt.Sprint(kept["in"], " ", kept["name"])] = kept
		}
		if kept["in"] == "header" {
			r.all.sent.add(fmt.Sprint(kept["name"]))
		}
	}
	for _, name := range pathNames(path) {
		if _, ok := byName["path "+name]; !ok {
			byName["path "+name] = pathParameter(name)
		}
	}
	result := make([]any, 0, len(byName))
	for _, key := range slices.Sorted(maps.Keys(byName)) {
		result = append(result, byName[key])
	}
	return result, nil
}

func (r *documentReader) body(value any) (apiDocument, error) {
	body, err := r.follow(value)
	if err != nil {
		return nil, err
	}
	result, content := apiDocument{}, apiDocument{}
	if required, ok := body["required"]; ok {
		result["required"] = required
	}
	kinds, _ := body["content"].(apiDocument)
	for kind, value := range kinds {
		media, _ := value.(apiDocument)
		schema, err := r.schema(media["schema"])
		if err != nil {
			return nil, fmt.Errorf("content.%s: %w", kind, err)
		}
		content[kind] = apiDocument{}
		// API Gateway checks JSON; for another kind a schema would only refuse what the service takes.
		if schema != nil && strings.HasSuffix(kind, "json") {
			content[kind] = apiDocument{"schema": schema}
		}
	}
	result["content"] = content
	return result, nil
}

func (r *documentReader) list(value any) ([]apiDocument, error) {
	values, _ := value.([]any)
	result := make([]apiDocument, 0, len(values))
	for i, value := range values {
		followed, err := r.follow(value)
		if err != nil {
			return nil, fmt.Errorf("parameters[%d]: %w", i, err)
		}
		result = append(result, followed)
	}
	return result, nil
}

// follow resolves a reference inside the document, as often as one leads to another.
func (r *documentReader) follow(value any) (apiDocument, error) {
	for range 10 {
		node, ok := value.(apiDocument)
		if !ok {
			return nil, fmt.Errorf("%v is not an object", value)
		}
		reference, ok := node["$ref"].(string)
		if !ok {
			return node, nil
		}
		if !strings.HasPrefix(reference, "#/") {
			return nil, fmt.Errorf("the reference %s leads to another file; bundle the document first", reference)
		}
		var target any = r.document
		for _, step := range strings.Split(reference[2:], "/") {
			step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
			inner, _ := target.(apiDocument)
			if target, ok = inner[step]; !ok {
				return nil, fmt.Errorf("the reference %s leads nowhere", reference)
			}
		}
		value = target
	}
	return nil, fmt.Errorf("its references lead in a circle")
}

// schemaName is a schema's name in the one API: two services may both have an Item, and a model's name has letters and
// digits only.
func (r *documentReader) schemaName(name string) string { return pascal(r.service) + pascal(name) }

var notAlphanumeric = regexp.MustCompile(`[^A-Za-z0-9]+`)

// pascal writes item-history as ItemHistory.
func pascal(name string) string {
	var result strings.Builder
	for _, word := range notAlphanumeric.Split(name, -1) {
		if word != "" {
			result.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return result.String()
}

var pathName = regexp.MustCompile(`\{([^}+]+)\+?\}`)

// pathNames are the names in braces in a path.
func pathNames(path string) []string {
	var names []string
	for _, match := range pathName.FindAllStringSubmatch(path, -1) {
		names = append(names, match[1])
	}
	return names
}
