package release

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/itrack/itrack/infra/release"
	"github.com/itrack/itrack/internal/ops"
)

var accountForm = regexp.MustCompile(`^[0-9]{12}$`)

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// ofRepository tells whether an image is of a repository.
func ofRepository(image, repository string) bool {
	return strings.HasPrefix(image, repository+"@") || strings.HasPrefix(image, repository+":")
}

// CheckImage refuses what is neither a digest nor a reference with one.
func CheckImage(given string) error {
	digest := given
	if _, behind, full := strings.Cut(given, "@"); full {
		digest = behind
	}
	if digestForm.MatchString(digest) {
		return nil
	}
	return &ops.Problem{Kind: ops.Usage, What: "reading the image " + given, Why: "it is no digest; a tag may mean something else tomorrow", Next: "give sha256: and 64 hexadecimal digits, as `itrack push` prints them"}
}

// imageReference is the full reference of what a person gave: a digest, alone or behind the service's own repository.
func imageReference(wanted release.Release, given string) (string, error) {
	if err := CheckImage(given); err != nil {
		return "", err
	}
	repository, digest, full := strings.Cut(given, "@")
	if !full {
		repository, digest = wanted.Repository, given
	}
	if repository != wanted.Repository {
		return "", &ops.Problem{Kind: ops.Usage, What: "reading the image " + given, Why: "the service's tasks pull from " + wanted.Repository + " alone", Next: "push it there (`itrack push`), and give its digest"}
	}
	return repository + "@" + digest, nil
}

// image is the reference by digest of what shall run: the image that was given, else the one that runs. It is empty where the
// bootstrap image runs and no other was given.
func (d *deployer) image(ctx context.Context, run Run) (string, error) {
	if given, ok := d.req.Images[d.service]; ok {
		reference, err := imageReference(d.wanted, given)
		if err != nil {
			return "", err
		}
		return reference, d.mustExist(ctx, reference)
	}
	if run.Bootstrap {
		return "", nil
	}
	if run.Digest != "" {
		return run.Image, d.mustExist(ctx, run.Image)
	}
	// A tag of our repository, put there by hand: the digest that it means now.
	tag := strings.TrimPrefix(run.Image, d.wanted.Repository+":")
	found, err := describeImage(ctx, d.env, d.wanted.Repository, ecrtypes.ImageIdentifier{ImageTag: &tag})
	if err != nil {
		return "", err
	}
	return d.wanted.Repository + "@" + found, nil
}

// mustExist asks the registry: a missing image would be found by tasks that do not start, a quarter of an hour later.
func (d *deployer) mustExist(ctx context.Context, reference string) error {
	repository, digest, _ := strings.Cut(reference, "@")
	_, err := describeImage(ctx, d.env, repository, ecrtypes.ImageIdentifier{ImageDigest: &digest})
	return err
}

func describeImage(ctx context.Context, env *ops.Environment, repository string, id ecrtypes.ImageIdentifier) (string, error) {
	host, name, _ := strings.Cut(repository, "/")
	// A repository of AWS says whose it is; another registry, such as an emulator's, has no account in its name.
	var account *string
	if owner, _, _ := strings.Cut(host, "."); accountForm.MatchString(owner) {
		account = &owner
	}
	what := fmt.Sprintf("looking for the image %s%s in %s", aws.ToString(id.ImageDigest), aws.ToString(id.ImageTag), name)
	answer, err := env.Primary().ECR().DescribeImages(ctx, &ecr.DescribeImagesInput{RegistryId: account, RepositoryName: &name, ImageIds: []ecrtypes.ImageIdentifier{id}})
	switch {
	case ops.IsCode(err, "ImageNotFoundException"), err == nil && len(answer.ImageDetails) == 0:
		return "", &ops.Problem{Kind: ops.Usage, What: what, Why: "the repository has no such image: it was never pushed, or the repository's lifecycle removed it", Err: err,
			Next: "`itrack push " + env.Settings.Environment + "` pushes one and prints its digest"}
	case ops.IsCode(err, "RepositoryNotFoundException"):
		return "", &ops.Problem{What: what, Why: "the repository does not exist", Err: err, Next: "`itrack deploy " + env.Settings.Environment + "` makes it"}
	case err != nil:
		return "", ops.Explain(what, err)
	}
	return aws.ToString(answer.ImageDetails[0].ImageDigest), nil
}
