package ingest

import "path/filepath"

// Locate finds the files of all sources for the due date without reading them:
// their paths by data set and name. What is not there is left out.
func Locate(in Input) (map[string]string, error) {
	found := map[string]string{}
	for _, source := range in.Sources {
		source.Optional = true
		paths, err := source.resolve(in)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			found[source.DataSet+"/"+filepath.Base(path)] = path
		}
	}
	return found, nil
}
