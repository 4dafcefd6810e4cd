// Package ssm describes Systems Manager to the stand-in: documents and associations.
package ssm

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const (
	documentToken = "aws:ssm/document:Document"
	api           = "https://docs.aws.amazon.com/systems-manager/latest/APIReference/"
)

// Service is what the stand-in knows of Systems Manager.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{documentType(), associationType(), parameterType()}}
}

func documentType() catalog.Type {
	return catalog.Type{
		Token: documentToken, Args: (*sdk.DocumentArgs)(nil), Resource: (*sdk.Document)(nil),
		Service: "SSM", Action: "Document", Title: "SSM Document", ARN: "arn:{partition}:ssm:{region}:{account}:document/{name}",
		ID: catalog.Templated("{name}"),
		Name: catalog.Name{Property: "name", Auto: 128, Scope: catalog.InRegion, Code: "DocumentAlreadyExists",
			Message: "Document with same name {name} already exists"},
		Defaults: map[string]any{"documentFormat": "JSON"}, Volatile: []string{"documentVersion", "latestVersion", "defaultVersion", "hash"},
		// JSON with keys in another order is the same document to the provider; only the text is kept by AWS.
		Documents: map[string]catalog.Document{"content": {Code: "InvalidDocumentContent"}},
		Compute:   computeDocument,
	}
}

func computeDocument(c *catalog.Call) error {
	var content struct {
		SchemaVersion string `json:"schemaVersion"`
		Description   string `json:"description"`
	}
	text := c.Str("content")
	// YAML documents are taken as they are: only their version is left open.
	_ = json.Unmarshal([]byte(text), &content)
	version := 1
	if old, err := strconv.Atoi(c.Str("latestVersion")); err == nil && !c.Creating() {
		version = old
		if catalog.Str(c.Old.State, "content") != text {
			version++
		}
	}
	sum := sha256.Sum256([]byte(text))
	for property, value := range map[string]string{
		"schemaVersion": content.SchemaVersion, "description": content.Description, "owner": c.Account, "status": "Active",
		"hash": hex.EncodeToString(sum[:]), "hashType": "Sha256", "documentVersion": strconv.Itoa(version), "latestVersion": strconv.Itoa(version),
		"defaultVersion": strconv.Itoa(version),
	} {
		c.Set(property, value)
	}
	c.SetNew("createdDate", c.Timestamp())
	c.SetNew("platformTypes", []any{"Windows", "Linux", "MacOS"})
	return nil
}

func associationType() catalog.Type {
	return catalog.Type{
		Token: "aws:ssm/association:Association", Args: (*sdk.AssociationArgs)(nil), Resource: (*sdk.Association)(nil),
		Service: "SSM", Action: "Association", Title: "SSM Association", ID: catalog.Made(func(c *catalog.Call) string { return catalog.UUID() }),
		ARN: "arn:{partition}:ssm:{region}:{account}:association/{id}",
		// Documents of AWS's own exist in every account; their parameters are filled in as the document says.
		Refs: []catalog.Ref{}, Refuse: refuseAssociation, Computed: []string{"tagsAll"},
		Compute: func(c *catalog.Call) error {
			c.SetNew("associationId", c.ID)
			c.SetNew("documentVersion", "$DEFAULT")
			return nil
		},
	}
}

// refuseAssociation wants a document that exists, and targets or an instance where the document runs on instances.
func refuseAssociation(c *catalog.Call) *catalog.Error {
	name := c.Str("name")
	if !strings.HasPrefix(name, "AWS-") && !strings.HasPrefix(name, "arn:") && c.Get(documentToken, name) == nil {
		return &catalog.Error{Code: "InvalidDocument", Property: "name", Value: name, Rule: "reference exists",
			Message: "Document with name " + name + " does not exist.", Source: api + "API_CreateAssociation.html"}
	}
	if !c.Has("targets") && !c.Has("instanceId") {
		return &catalog.Error{Code: "InvalidTarget", Property: "targets", Rule: "something to run on",
			Message: "Either targets or an instance must be given", Source: api + "API_CreateAssociation.html"}
	}
	return nil
}
