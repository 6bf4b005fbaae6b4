package twin

import "net/http"

func (t *Twin) serve(w http.ResponseWriter, r *http.Request) {}
