package reviewtest

func ecr() []Variant {
	const (
		repository = "aws:ecr/repository:Repository::backend"
		template   = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate::replicas"
		scanning   = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration::scanning-primary"
		rules      = "aws:ecr/lifecyclePolicy:LifecyclePolicy::backend"
	)
	unscanned := put(repository, "imageScanningConfiguration.scanOnPush", false)
	return []Variant{
		{Name: "the registry scans other repositories", Stack: Staging, Control: "ECR.1", Wants: repository, Joins: true,
			Edit: all(unscanned, put(scanning, "rules.0.repositoryFilters.0.filter", "other*"))},
		{Name: "the registry scans by hand", Stack: Staging, Control: "ECR.1", Wants: repository, Joins: true,
			Edit: all(unscanned, put(scanning, "rules.0.scanFrequency", "MANUAL"))},
		{Name: "only the recovery region's registry scans", Stack: Production, Control: "ECR.1", Wants: repository, Joins: true,
			Edit: all(unscanned, remove(scanning))},
		{Name: "tags can be moved", Stack: Staging, Control: "ECR.2", Wants: repository, Edit: put(repository, "imageTagMutability", "MUTABLE")},
		{Name: "tags of replicas can be moved", Stack: Production, Control: "ECR.2", Wants: template, Edit: put(template, "imageTagMutability", "MUTABLE")},
		{Name: "the lifecycle is another repository's", Stack: Staging, Control: "ECR.3", Wants: repository, Joins: true, Edit: put(rules, "repository", "other")},
		{Name: "a lifecycle without a rule", Stack: Production, Control: "ECR.3", Wants: repository, Joins: true, Edit: put(rules, "policy", `{"rules":[]}`)},
		{Name: "replicas without a lifecycle", Stack: Production, Control: "ECR.3", Wants: template,
			Mend: aim(template, "lifecyclePolicy", rules, "policy"), Edit: unset(template, "lifecyclePolicy")},
	}
}
