// Package chatbot describes AWS Chatbot (Amazon Q Developer in chat applications) to the stand-in.
package chatbot

import (
	"fmt"
	"regexp"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/chatbot"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const api = "https://docs.aws.amazon.com/chatbot/latest/APIReference/API_CreateSlackChannelConfiguration.html"

var (
	nameForm    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	teamForm    = regexp.MustCompile(`^[0-9A-Z]{1,255}$`)
	channelForm = regexp.MustCompile(`^[A-Za-z0-9]+$`)
)

// Service is what the stand-in knows of AWS Chatbot.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{{
		Token: "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration", Args: (*sdk.SlackChannelConfigurationArgs)(nil),
		Resource: (*sdk.SlackChannelConfiguration)(nil), Global: true,
		Service: "chatbot", Action: "SlackChannelConfiguration", Title: "Chatbot Slack Channel Configuration",
		ID: catalog.Made(func(c *catalog.Call) string {
			c.ARN = fmt.Sprintf("arn:%s:chatbot::%s:chat-configuration/slack-channel/%s", c.Partition, c.Account, c.Str("configurationName"))
			return c.ARN
		}),
		Name: catalog.Name{Property: "configurationName", Scope: catalog.InAccount, Code: "ConflictException",
			Message: "Slack channel configuration with name {name} already exists"},
		ForceNew: []string{"configurationName", "slackTeamId"},
		Computed: []string{"chatConfigurationArn", "slackChannelName", "slackTeamName", "loggingLevel", "guardrailPolicyArns", "userAuthorizationRequired", "tagsAll"},
		Sets:     []string{"snsTopicArns", "guardrailPolicyArns"},
		Refs: []catalog.Ref{
			{Path: "iamRoleArn", To: []string{"aws:iam/role:Role"}, By: catalog.ByARN, Code: "InvalidRequestException", Message: "The role {value} does not exist"},
			{Path: "snsTopicArns", To: []string{"aws:sns/topic:Topic"}, By: catalog.ByARN, AnyRegion: true, Code: "InvalidRequestException", Message: "The topic {value} does not exist"},
		},
		Check: check, Refuse: assumable, Compute: compute, Source: api,
	}}}
}

func check(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	for property, form := range map[string]*regexp.Regexp{"configurationName": nameForm, "slackTeamId": teamForm, "slackChannelId": channelForm} {
		if value := c.Str(property); c.Known(property) && !form.MatchString(value) {
			problems = append(problems, catalog.Problem{Property: property, Rule: "form", Value: value, Message: "must match " + form.String(), Source: api})
		}
	}
	return problems
}

func compute(c *catalog.Call) error {
	c.SetNew("chatConfigurationArn", c.ARN)
	c.SetNew("slackChannelName", "channel-"+c.Str("slackChannelId"))
	c.SetNew("slackTeamName", "team-"+c.Str("slackTeamId"))
	c.SetNew("loggingLevel", "NONE")
	c.SetNew("userAuthorizationRequired", false)
	c.SetNew("guardrailPolicyArns", []any{fmt.Sprintf("arn:%s:iam::aws:policy/AdministratorAccess", c.Partition)})
	return nil
}

// assumable refuses a role that the service can't take.
func assumable(c *catalog.Call) *catalog.Error {
	role := c.Tx.ByARN(c.Str("iamRoleArn"))
	if role == nil || policy.TrustsService(catalog.Str(role.State, "assumeRolePolicy"), "chatbot.amazonaws.com") {
		return nil
	}
	return &catalog.Error{Code: "InvalidRequestException", Property: "iamRoleArn", Value: role.ARN, Rule: "role that AWS Chatbot can assume",
		Message: "AWS Chatbot can't assume the role " + role.ARN, Source: api}
}
