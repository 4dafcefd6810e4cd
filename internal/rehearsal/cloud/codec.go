package cloud

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// encode writes properties as plain JSON. AWS knows no secrets, so neither does the journal: what is secret is known to
// the stack's state and to the type's description. An unknown value has no place in a cloud and is an error.
func encode(m resource.PropertyMap) (json.RawMessage, error) {
	plain, err := plainMap(m)
	if err != nil {
		return nil, err
	}
	return json.Marshal(plain)
}

func plainMap(m resource.PropertyMap) (map[string]any, error) {
	plain := make(map[string]any, len(m))
	for key, value := range m {
		converted, err := plainValue(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		plain[string(key)] = converted
	}
	return plain, nil
}

func plainValue(v resource.PropertyValue) (any, error) {
	switch {
	case v.IsSecret():
		return plainValue(v.SecretValue().Element)
	case v.IsOutput():
		if !v.OutputValue().Known {
			return nil, fmt.Errorf("the value is not known yet")
		}
		return plainValue(v.OutputValue().Element)
	case v.IsComputed():
		return nil, fmt.Errorf("the value is not known yet")
	case v.IsArray():
		list := make([]any, 0, len(v.ArrayValue()))
		for i, element := range v.ArrayValue() {
			converted, err := plainValue(element)
			if err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
			list = append(list, converted)
		}
		return list, nil
	case v.IsObject():
		return plainMap(v.ObjectValue())
	case v.IsAsset():
		return v.AssetValue().Serialize(), nil
	case v.IsArchive():
		return v.ArchiveValue().Serialize(), nil
	default:
		return v.V, nil
	}
}

// decode reads what encode wrote.
func decode(raw json.RawMessage) (resource.PropertyMap, error) {
	if len(raw) == 0 {
		return resource.PropertyMap{}, nil
	}
	var plain map[string]any
	if err := json.Unmarshal(raw, &plain); err != nil {
		return nil, err
	}
	return propertyMap(plain)
}

func propertyMap(plain map[string]any) (resource.PropertyMap, error) {
	m := make(resource.PropertyMap, len(plain))
	for key, value := range plain {
		converted, err := propertyValue(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		m[resource.PropertyKey(key)] = converted
	}
	return m, nil
}

func propertyValue(value any) (resource.PropertyValue, error) {
	switch value := value.(type) {
	case []any:
		list := make([]resource.PropertyValue, 0, len(value))
		for i, element := range value {
			converted, err := propertyValue(element)
			if err != nil {
				return resource.PropertyValue{}, fmt.Errorf("[%d]: %w", i, err)
			}
			list = append(list, converted)
		}
		return resource.NewArrayProperty(list), nil
	case map[string]any:
		if asset, is, err := resource.DeserializeAsset(value); err != nil {
			return resource.PropertyValue{}, err
		} else if is {
			return resource.NewAssetProperty(asset), nil
		}
		if archive, is, err := resource.DeserializeArchive(value); err != nil {
			return resource.PropertyValue{}, err
		} else if is {
			return resource.NewArchiveProperty(archive), nil
		}
		m, err := propertyMap(value)
		return resource.NewObjectProperty(m), err
	default:
		return resource.NewPropertyValue(value), nil
	}
}
