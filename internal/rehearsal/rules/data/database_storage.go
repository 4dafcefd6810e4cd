package data

import (
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func databaseStorage() []rule.Rule {
	const otherKey = "arn:aws:kms:us-west-2:444455556666:key/mrk-0123456789abcdef0123456789abcdef"
	return []rule.Rule{{
		ID: "data-database-storage-size", Types: []string{instance}, Code: "InvalidParameterValue", Page: rdsAPI + "API_CreateDBInstance.html",
		Says:     "Storage for MySQL is 20 to 65,536 GiB of gp2 or gp3, 100 to 65,536 GiB of io1 or io2, and 5 to 3,072 GiB of magnetic disk.",
		Fix:      "Choose an allocatedStorage within the bounds of storageType.",
		Foreseen: true, Check: storageSize,
		Pass: rule.Case{Inputs: map[string]any{"engine": "mysql", "storageType": "gp3", "allocatedStorage": 20}},
		Fail: rule.Case{Inputs: map[string]any{"engine": "mysql", "storageType": "gp3", "allocatedStorage": 10}},
		Seed: rule.Seed{Stack: "staging", At: instance + "::rds", Set: map[string]any{"allocatedStorage": 10}},
	}, {
		ID: "data-database-gp3-performance", Types: []string{instance}, Code: "InvalidParameterCombination", Page: rdsGuide + "CHAP_Storage.html",
		Says:     "For MySQL, IOPS and throughput of gp3 can be chosen from 400 GiB on: 12,000 to 64,000 IOPS and 500 to 4,000 MiB/s.",
		Fix:      "Leave iops and storageThroughput out below 400 GiB, and choose them within the bounds above.",
		Foreseen: true, Check: gp3Performance,
		Pass: rule.Case{Inputs: map[string]any{"engine": "mysql", "storageType": "gp3", "allocatedStorage": 400, "iops": 12000}},
		Fail: rule.Case{Inputs: map[string]any{"engine": "mysql", "storageType": "gp3", "allocatedStorage": 399, "iops": 12000}},
		Seed: rule.Seed{Stack: "staging", At: instance + "::rds", Set: map[string]any{"iops": 4000}},
	}, {
		ID: "data-database-storage-ceiling", Types: []string{instance}, Code: "InvalidParameterCombination", Page: rdsGuide + "USER_PIOPS.Autoscaling.html",
		Says:     "The ceiling of storage autoscaling is at least 10 % above the allocated storage.",
		Fix:      "Set maxAllocatedStorage at least 10 % (AWS recommends 26 %) above allocatedStorage, or leave it out.",
		Foreseen: true, Check: storageCeiling,
		Pass: rule.Case{Inputs: map[string]any{"allocatedStorage": 100, "maxAllocatedStorage": 110}},
		Fail: rule.Case{Inputs: map[string]any{"allocatedStorage": 100, "maxAllocatedStorage": 109}},
		Seed: rule.Seed{Stack: "production", At: instance + "::rds", Set: map[string]any{"maxAllocatedStorage": 105}},
	}, {
		ID: "data-database-key-region", Types: []string{instance, replication}, Code: "KMSKeyNotAccessibleFault", Page: rdsGuide + "Overview.Encryption.html",
		Says:     "Keys of a DB instance, its master secret, its insights and its replicated backups are in the region that they are used in.",
		Fix:      "Use a key of the region, for a multi-Region key its replica there.",
		Foreseen: true, Check: keyOfRegion("The specified KMS key is in %s and can't be used in %s", "kmsKeyId", "masterUserSecretKmsKeyId",
			"performanceInsightsKmsKeyId"),
		Pass: rule.Case{Inputs: map[string]any{"kmsKeyId": "arn:aws:kms:us-east-1:111122223333:key/mrk-1"}},
		Fail: rule.Case{Inputs: map[string]any{"kmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/mrk-1"}},
		Seed: rule.Seed{Stack: "production", At: instance + "::rds", Set: map[string]any{"kmsKeyId": otherKey}},
	}}
}

// storageBounds are the GiB of each kind of storage for MySQL.
var storageBounds = map[string][2]float64{"gp2": {20, 65536}, "gp3": {20, 65536}, "io1": {100, 65536}, "io2": {100, 65536}, "standard": {5, 3072}}

func storageSize(c *catalog.Call) *rule.Finding {
	kind := c.Str("storageType")
	bounds, sold := storageBounds[kind]
	size, known := num(c, "allocatedStorage")
	if c.Str("engine") == "mysql" && sold && known && (size < bounds[0] || size > bounds[1]) {
		return rule.Find("allocatedStorage", size, "Invalid storage size for engine name mysql and storage type %s: %v", kind, size)
	}
	return nil
}

// gp3Bounds are the IOPS and the MiB/s that can be chosen for MySQL from 400 GiB on.
var gp3Bounds = map[string][2]float64{"iops": {12000, 64000}, "storageThroughput": {500, 4000}}

func gp3Performance(c *catalog.Call) *rule.Finding {
	size, known := num(c, "allocatedStorage")
	if !known || c.Str("engine") != "mysql" || c.Str("storageType") != "gp3" {
		return nil
	}
	for _, property := range []string{"iops", "storageThroughput"} {
		value, given := num(c, property)
		bounds := gp3Bounds[property]
		switch {
		case !given || value == 0:
		case size < 400:
			return rule.Find(property, value, "You can't specify IOPS or storage throughput for engine mysql and a storage size less than 400")
		case value < bounds[0] || value > bounds[1]:
			return rule.Find(property, value, "Invalid %s value for engine name mysql and storage type gp3: %v", property, value)
		}
	}
	return nil
}

func storageCeiling(c *catalog.Call) *rule.Finding {
	most, given := num(c, "maxAllocatedStorage")
	size, known := num(c, "allocatedStorage")
	if given && known && most > 0 && most*10 < size*11 {
		return rule.Find("maxAllocatedStorage", most, "Max storage size must be greater than storage size")
	}
	return nil
}
