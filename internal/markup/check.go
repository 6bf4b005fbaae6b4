package markup

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// elements are those that pages may have, by namespace. None of them loads
// anything, and none but script runs anything.
var elements = map[string]map[string]bool{
	"": set(`html head meta title style script body noscript header nav main section footer figure figcaption div p h1 h2 ul ol li
		a span strong em bdi code table thead tbody tr th td details summary svg`),
	"svg": set("svg g defs marker path rect text title style a"),
}

// attributes are those that elements may have, besides aria-… and data-….
// None of them runs or loads anything, and href is the only one that leads
// somewhere.
var attributes = set(`id class lang charset http-equiv content name type role hidden tabindex scope href
	xmlns viewBox preserveAspectRatio width height x y rx d refX refY markerWidth markerHeight orient fill marker-end`)

func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

var (
	free = regexp.MustCompile(`^(aria|data)(-[a-z]+)+$`)
	// link is what href may be: characters of a URL, which begins so that it is
	// one of the page, of a file beside it, or of https.
	link = regexp.MustCompile(`^(#|\./|https://)[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*$`)
	// reference is an element of SVG that another draws.
	reference = regexp.MustCompile(`^url\(#[a-z]+\)$`)
)

// check looks for what is not to be written, and puts SVG into its namespace.
func check(n *html.Node, namespace string) error {
	if n.Type == html.ElementNode {
		if n.Data == "svg" {
			namespace = "svg"
		}
		n.Namespace = namespace
		if !elements[namespace][n.Data] {
			return fmt.Errorf("an element <%s>", n.Data)
		}
		seen := map[string]bool{}
		for _, a := range n.Attr {
			if seen[a.Key] {
				return fmt.Errorf("<%s> has the attribute %s twice", n.Data, a.Key)
			}
			seen[a.Key] = true
			if err := checkAttribute(a); err != nil {
				return fmt.Errorf("<%s %s=%.80q>: %w", n.Data, a.Key, a.Val, err)
			}
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.TextNode && namespace == "" {
			if err := checkLiteral(n.Data, c.Data); err != nil {
				return err
			}
		}
		if err := check(c, namespace); err != nil {
			return err
		}
	}
	return nil
}

func checkAttribute(a html.Attribute) error {
	switch {
	case !attributes[a.Key] && !free.MatchString(a.Key):
		return errors.New("there is no use for such an attribute")
	case a.Key == "href" && !link.MatchString(a.Val):
		return errors.New("want #…, ./… or https://…")
	case a.Key == "marker-end" && !reference.MatchString(a.Val):
		return errors.New("want url(#…)")
	case a.Key == "http-equiv" && a.Val != "Content-Security-Policy":
		return errors.New("want Content-Security-Policy")
	}
	return nil
}

// ends is what ends a script or a style, or has a browser read on beyond the
// end. Source: WHATWG HTML Standard, "Restrictions for contents of script
// elements".
var ends = regexp.MustCompile(`(?i)</(script|style)|<!--|<script`)

// checkLiteral looks at text of elements whose text is not escaped.
func checkLiteral(element, text string) error {
	switch element {
	case "script", "style":
		if at := ends.FindString(text); at != "" {
			return fmt.Errorf("%s in <%s>", at, element)
		}
	case "noscript":
		if strings.TrimSpace(text) != "" {
			return errors.New("text in <noscript>: want it in an element")
		}
	}
	return nil
}
