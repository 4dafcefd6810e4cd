package recovery

import "maps"

// KeyOf is how objects of a Pulumi type are recognised. The ids and the import ids are those of the import sections in
// https://www.pulumi.com/registry/packages/aws/api-docs/.
func KeyOf(token string) (Key, bool) {
	key, known := keys[token]
	return key, known
}

// Types lists the types that the table covers.
func Types() []string {
	types := make([]string, 0, len(keys))
	for token := range keys {
		types = append(types, token)
	}
	return types
}

var keys = func() map[string]Key {
	all := map[string]Key{}
	for _, part := range []map[string]Key{networkKeys, computeKeys, dataKeys, edgeKeys, watchKeys, identityKeys} {
		maps.Copy(all, part)
	}
	return all
}()

// networkKeys: most ids are AWS's own, so that parent and attributes decide, and tags where several may be alike.
var networkKeys = map[string]Key{
	"aws:ec2/vpc:Vpc":                         {Match: []string{"cidrBlock"}, Tags: true},
	"aws:ec2/subnet:Subnet":                   {Match: []string{"vpcId", "cidrBlock"}, Tags: true},
	"aws:ec2/routeTable:RouteTable":           {Match: []string{"vpcId"}, Tags: true},
	"aws:ec2/internetGateway:InternetGateway": {Match: []string{"vpcId"}, Tags: true},
	"aws:ec2/eip:Eip":                         {Tags: true},
	"aws:ec2/natGateway:NatGateway":           {Match: []string{"subnetId", "allocationId"}, Tags: true},
	"aws:ec2/flowLog:FlowLog":                 {Match: []string{"vpcId", "logDestination", "trafficType"}, Tags: true},
	"aws:ec2/securityGroup:SecurityGroup":     {Match: []string{"vpcId", "name"}},
	"aws:ec2/vpcEndpoint:VpcEndpoint":         {Match: []string{"vpcId", "serviceName", "vpcEndpointType"}, Tags: true},
	"aws:ec2/launchTemplate:LaunchTemplate":   {Match: []string{"name"}},
	"aws:ec2/route:Route": {Made: routeID, Match: []string{"routeTableId", "destinationCidrBlock"},
		Import: "{routeTableId}_{destinationCidrBlock}"},
	"aws:ec2/routeTableAssociation:RouteTableAssociation":       {Match: []string{"routeTableId", "subnetId"}, Import: "{subnetId}/{routeTableId}"},
	"aws:ec2/defaultNetworkAcl:DefaultNetworkAcl":               {ID: "{defaultNetworkAclId}", Put: true},
	"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":         {Match: []string{"vpcId"}, Put: true},
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {Match: ruleKey},
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   {Match: ruleKey},
	"aws:lb/loadBalancer:LoadBalancer":                          {Match: []string{"name"}, Tags: true},
	"aws:lb/targetGroup:TargetGroup":                            {Match: []string{"name"}, Tags: true},
	"aws:lb/listener:Listener":                                  {Match: []string{"loadBalancerArn", "port"}},
	"aws:lb/listenerRule:ListenerRule":                          {Match: []string{"listenerArn", "priority"}},
}

// ruleKey is what AWS compares to tell a duplicate rule of a security group.
var ruleKey = []string{"securityGroupId", "ipProtocol", "fromPort", "toPort", "cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"}

var computeKeys = map[string]Key{
	"aws:ecs/cluster:Cluster":                                   {ID: "arn:{partition}:ecs:{region}:{account}:cluster/{name}", Import: "{name}"},
	"aws:ecs/service:Service":                                   {Made: serviceARN},
	"aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": {ID: "{clusterName}", Put: true},
	// Registering again makes a further revision: the newest one of the family is the one that was being made.
	"aws:ecs/taskDefinition:TaskDefinition":                               {ID: "{family}"},
	"aws:appautoscaling/target:Target":                                    {ID: "{resourceId}", Import: "{serviceNamespace}/{resourceId}/{scalableDimension}", Put: true},
	"aws:appautoscaling/policy:Policy":                                    {ID: "{name}", Import: "{serviceNamespace}/{resourceId}/{scalableDimension}/{name}", Put: true},
	"aws:autoscaling/group:Group":                                         {ID: "{name}"},
	"aws:codedeploy/application:Application":                              {Match: []string{"name"}, Import: "{name}"},
	"aws:codedeploy/deploymentConfig:DeploymentConfig":                    {ID: "{deploymentConfigName}"},
	"aws:codedeploy/deploymentGroup:DeploymentGroup":                      {Match: []string{"appName", "deploymentGroupName"}, Import: "{appName}:{deploymentGroupName}"},
	"aws:ecr/repository:Repository":                                       {ID: "{name}"},
	"aws:ecr/lifecyclePolicy:LifecyclePolicy":                             {ID: "{repository}", Put: true},
	"aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration": {ID: "{account}", Put: true},
	"aws:ecr/replicationConfiguration:ReplicationConfiguration":           {ID: "{account}", Put: true},
	"aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate":       {ID: "{prefix}"},
	"aws:lambda/function:Function":                                        {ID: "{name}"},
	"aws:lambda/alias:Alias":                                              {Made: aliasARN, Import: "{functionName}/{name}"},
	"aws:lambda/eventSourceMapping:EventSourceMapping":                    {Match: []string{"eventSourceArn", "functionName"}},
	"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig":      {ID: "{functionName}:{qualifier}", Put: true},
	"aws:lambda/permission:Permission": {ID: "{statementId}", Match: []string{"function", "qualifier"},
		Import: "{function}:{qualifier}/{statementId}"},
	"aws:ssm/association:Association": {Match: []string{"associationName"}},
	"aws:ssm/document:Document":       {ID: "{name}"},
}

var dataKeys = map[string]Key{
	"aws:rds/instance:Instance":                                                                  {Match: []string{"identifier"}, Import: "{identifier}"},
	"aws:rds/optionGroup:OptionGroup":                                                            {ID: "{name}"},
	"aws:rds/parameterGroup:ParameterGroup":                                                      {ID: "{name}"},
	"aws:rds/subnetGroup:SubnetGroup":                                                            {ID: "{name}"},
	"aws:rds/eventSubscription:EventSubscription":                                                {ID: "{name}"},
	"aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication":            {Match: []string{"sourceDbInstanceArn"}},
	"aws:dynamodb/table:Table":                                                                   {ID: "{name}"},
	"aws:dynamodb/tableReplica:TableReplica":                                                     {Made: replicaID},
	"aws:s3/bucketV2:BucketV2":                                                                   {ID: "{bucket}"},
	"aws:s3/bucketObjectv2:BucketObjectv2":                                                       {ID: "{bucket}/{key}", Put: true},
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":                       {ID: "{bucket}", Put: true},
	"aws:s3/bucketLoggingV2:BucketLoggingV2":                                                     {ID: "{bucket}", Put: true},
	"aws:s3/bucketOwnershipControls:BucketOwnershipControls":                                     {ID: "{bucket}", Put: true},
	"aws:s3/bucketPolicy:BucketPolicy":                                                           {ID: "{bucket}", Put: true},
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                                     {ID: "{bucket}", Put: true},
	"aws:s3/bucketReplicationConfig:BucketReplicationConfig":                                     {ID: "{bucket}", Put: true},
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": {ID: "{bucket}", Put: true},
	"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               {ID: "{bucket}", Put: true},
	"aws:sqs/queue:Queue":                                                                        {ID: "https://sqs.{region}.amazonaws.com/{account}/{name}"},
	"aws:sns/topic:Topic":                                                                        {ID: "arn:{partition}:sns:{region}:{account}:{name}"},
	"aws:sns/topicPolicy:TopicPolicy":                                                            {ID: "{arn}", Put: true},
	"aws:sns/topicSubscription:TopicSubscription":                                                {Match: []string{"topic", "protocol", "endpoint"}},
	"aws:backup/vault:Vault":                                                                     {ID: "{name}"},
	"aws:backup/vaultLockConfiguration:VaultLockConfiguration":                                   {ID: "{backupVaultName}", Put: true},
	"aws:backup/vaultNotifications:VaultNotifications":                                           {ID: "{backupVaultName}", Put: true},
	"aws:backup/vaultPolicy:VaultPolicy":                                                         {ID: "{backupVaultName}", Put: true},
	"aws:backup/plan:Plan":                                                                       {Match: []string{"name"}},
	"aws:backup/selection:Selection":                                                             {Match: []string{"planId", "name"}, Import: "{planId}|{id}"},
	"aws:backup/regionSettings:RegionSettings":                                                   {ID: "{region}", Put: true},
	"aws:backup/restoreTestingPlan:RestoreTestingPlan":                                           {ID: "{name}", Import: "{name}"},
	"aws:backup/restoreTestingSelection:RestoreTestingSelection":                                 {ID: "{name}:{restoreTestingPlanName}"},
}

var edgeKeys = map[string]Key{
	"aws:acm/certificate:Certificate":                                 {Match: []string{"domainName"}, Tags: true},
	"aws:acm/certificateValidation:CertificateValidation":             {ID: "{certificateArn}", Put: true},
	"aws:apigateway/account:Account":                                  {ID: "api-gateway-account", Put: true},
	"aws:apigateway/basePathMapping:BasePathMapping":                  {ID: "{domainName}/{basePath}"},
	"aws:apigateway/clientCertificate:ClientCertificate":              {Match: []string{"description"}, Tags: true},
	"aws:apigateway/deployment:Deployment":                            {Match: []string{"restApi"}, Import: "{restApi}/{id}"},
	"aws:apigateway/domainName:DomainName":                            {ID: "{domainName}"},
	"aws:apigateway/methodSettings:MethodSettings":                    {ID: "{restApi}-{stageName}-{methodPath}", Import: "{restApi}/{stageName}/{methodPath}", Put: true},
	"aws:apigateway/restApi:RestApi":                                  {Match: []string{"name"}, Tags: true},
	"aws:apigateway/stage:Stage":                                      {ID: "ags-{restApi}-{stageName}", Import: "{restApi}/{stageName}"},
	"aws:apigatewayv2/vpcLink:VpcLink":                                {Match: []string{"name"}, Tags: true},
	"aws:cloudfront/distribution:Distribution":                        {Match: []string{"comment"}, Tags: true},
	"aws:cloudfront/function:Function":                                {ID: "{name}"},
	"aws:cloudfront/monitoringSubscription:MonitoringSubscription":    {ID: "{distributionId}", Put: true},
	"aws:cloudfront/originAccessControl:OriginAccessControl":          {Match: []string{"name"}},
	"aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy":      {Match: []string{"name"}},
	"aws:route53/record:Record":                                       {ID: "{zoneId}_{name}_{type}"},
	"aws:wafv2/webAcl:WebAcl":                                         {Match: []string{"name", "scope"}, Import: "{id}/{name}/{scope}"},
	"aws:wafv2/webAclAssociation:WebAclAssociation":                   {ID: "{webAclArn},{resourceArn}", Put: true},
	"aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": {ID: "{resourceArn}", Put: true},
}

var watchKeys = map[string]Key{
	"aws:budgets/budget:Budget":                                       {ID: "{account}:{name}"},
	"aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration": {Match: []string{"configurationName"}},
	"aws:cloudwatch/compositeAlarm:CompositeAlarm":                    {ID: "{alarmName}", Put: true},
	"aws:cloudwatch/dashboard:Dashboard":                              {ID: "{dashboardName}", Put: true},
	"aws:cloudwatch/eventRule:EventRule":                              {ID: "{name}", Put: true},
	"aws:cloudwatch/eventTarget:EventTarget":                          {ID: "{rule}-{targetId}", Import: "{rule}/{targetId}", Put: true},
	"aws:cloudwatch/logDelivery:LogDelivery":                          {Match: []string{"deliverySourceName", "deliveryDestinationArn"}},
	"aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination":    {ID: "{name}", Put: true},
	"aws:cloudwatch/logDeliverySource:LogDeliverySource":              {ID: "{name}", Put: true},
	"aws:cloudwatch/logGroup:LogGroup":                                {ID: "{name}"},
	"aws:cloudwatch/logMetricFilter:LogMetricFilter":                  {ID: "{name}", Match: []string{"logGroupName"}, Import: "{logGroupName}:{name}", Put: true},
	"aws:cloudwatch/logResourcePolicy:LogResourcePolicy":              {ID: "{policyName}", Put: true},
	"aws:cloudwatch/metricAlarm:MetricAlarm":                          {ID: "{name}", Put: true},
	"aws:cloudwatch/queryDefinition:QueryDefinition":                  {Match: []string{"name"}, Import: "arn:{partition}:logs:{region}:{account}:query-definition:{id}"},
	"aws:costexplorer/anomalyMonitor:AnomalyMonitor":                  {Match: []string{"name"}},
	"aws:costexplorer/anomalySubscription:AnomalySubscription":        {Match: []string{"name"}},
	"aws:costexplorer/costAllocationTag:CostAllocationTag":            {ID: "{tagKey}", Put: true},
	"aws:ssm/parameter:Parameter":                                     {ID: "{name}"},
}

var identityKeys = map[string]Key{
	"aws:iam/role:Role":                                   {ID: "{name}"},
	"aws:iam/policy:Policy":                               {ID: "arn:{partition}:iam::{account}:policy{path}{name}"},
	"aws:iam/instanceProfile:InstanceProfile":             {ID: "{name}"},
	"aws:iam/rolePolicy:RolePolicy":                       {ID: "{role}:{name}", Put: true},
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":   {Match: []string{"role", "policyArn"}, Import: "{role}/{policyArn}", Put: true},
	"aws:iam/openIdConnectProvider:OpenIdConnectProvider": {Made: oidcARN},
	"aws:kms/alias:Alias":                                 {ID: "{name}"},
	"aws:kms/key:Key":                                     {Match: []string{"description"}, Tags: true},
	"aws:kms/replicaKey:ReplicaKey":                       {Made: replicaKeyID},
	"aws:secretsmanager/secret:Secret":                    {Match: []string{"name"}},
}
