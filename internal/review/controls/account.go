package controls

import "github.com/itrack/itrack/internal/review"

// decided is a control that declarations cannot answer, with the command that can.
func decided(id, title string, severity review.Severity, pillar review.Pillar, command string) review.Control {
	return review.Control{
		ID: id, Title: title, Source: hubPage(id), Severity: severity, Pillars: []review.Pillar{pillar}, Decide: command,
	}
}

// account are the controls that ask about the account: no stack declares them, and other stacks of the account live by them too.
func account() []review.Control {
	outside := func(id, title string, severity review.Severity, pillar review.Pillar, command string) review.Control {
		control := decided(id, title, severity, pillar, command)
		control.Outside = true
		return control
	}
	const trails = "aws cloudtrail describe-trails --query 'trailList[]."
	return []review.Control{
		outside("CloudTrail.1", "CloudTrail should have a multi-Region trail of read and write management events", review.High, review.Security,
			trails+"[Name,IsMultiRegionTrail,HasCustomEventSelectors]'"),
		outside("CloudTrail.2", "CloudTrail should have encryption at rest enabled", review.Medium, review.Security, trails+"[Name,KmsKeyId]'"),
		outside("CloudTrail.4", "CloudTrail log file validation should be enabled", review.Low, review.Security, trails+"[Name,LogFileValidationEnabled]'"),
		outside("CloudTrail.5", "CloudTrail trails should be integrated with CloudWatch Logs", review.Low, review.Operations,
			trails+"[Name,CloudWatchLogsLogGroupArn]'"),
		outside("Config.1", "AWS Config should be enabled and use the service-linked role", review.Critical, review.Operations,
			"aws configservice describe-configuration-recorders && aws configservice describe-configuration-recorder-status"),
		outside("GuardDuty.1", "GuardDuty should be enabled", review.High, review.Security, "aws guardduty list-detectors"),
		outside("Inspector.2", "Amazon Inspector ECR scanning should be enabled", review.High, review.Security,
			"aws inspector2 batch-get-account-status --query 'accounts[].resourceState.ecr.status'"),
		outside("Inspector.4", "Amazon Inspector Lambda standard scanning should be enabled", review.High, review.Security,
			"aws inspector2 batch-get-account-status --query 'accounts[].resourceState.lambda.status'"),
		outside("EC2.7", "EBS default encryption should be enabled", review.Medium, review.Security, "aws ec2 get-ebs-encryption-by-default"),
		outside("EC2.172", "VPC Block Public Access should block internet gateway traffic", review.Medium, review.Security,
			"aws ec2 describe-vpc-block-public-access-options --query VpcBlockPublicAccessOptions.InternetGatewayBlockMode"),
		outside("SSM.7", "SSM documents should have the block public sharing setting enabled", review.Critical, review.Security,
			"aws ssm get-service-setting --setting-id /ssm/documents/console/public-sharing-permission"),
	}
}
