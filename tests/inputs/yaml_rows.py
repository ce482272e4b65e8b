# ruff: noqa: E501 (a table reads across)
"""Bad YAML: bombs, broken documents, odd scalars, encodings, line ends, shapes that no check expects."""

from __future__ import annotations

import codecs

from inputs.manifests import IMAGE_LINE, NEXT_LINE, REPLICAS_LINE, config_map, stream, workload
from inputs.rows import Row

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: odd, namespace: shop}\n"
LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 9) + "]\n" for n in range(1, 10)
)
MERGES = "x0: &x0 {k: v}\n" + "".join(f"x{n}: &x{n}\n  <<: [*x{n - 1}, *x{n - 1}]\n" for n in range(1, 60))
LIST_MERGES = (
    "x0: &x0 [{k: v}]\n" + "".join(f"x{n}: &x{n} [*x{n - 1}, *x{n - 1}]\n" for n in range(1, 60)) + "<<: *x59\n"
)
BROKEN = "apiVersion: v1\nkind: Service\nmetadata: {name: b\n"
ONE, TWO = workload("one", replicas="replicas: 1"), workload("two", replicas="replicas: 1")
SOPS = (
    HEAD.replace("ConfigMap", "Secret")
    + "data: {a: 'ENC[AES256_GCM,data:xx]'}\nsops: {mac: 'ENC[AES256_GCM,data:yy]', version: 3.9.0}\n"
)


def lost(line: int, words: str, file: str = "m.yaml") -> tuple[tuple[tuple[str, int], str], ...]:
    """One thing that could not be read."""
    return (((file, line), words),)


def unread(name: str, text: str | bytes, line: int, words: str, **more: object) -> Row:
    """A file of which nothing can be examined."""
    inputs = {"m.yaml": "not_examined"}
    return Row(name, {"m.yaml": text}, 3, gaps=lost(line, words), inputs=inputs, **more)  # type: ignore[arg-type]


BOMBS = (
    unread("billion laughs", HEAD + LAUGHS, 9, "alias expansion > 200,000 nodes", seconds=0.5, mib=20),
    unread("bomb of merged lists", HEAD + LIST_MERGES, 19, "alias expansion > 200,000 nodes", seconds=0.5, mib=20),
    Row("merges of merges", {"m.yaml": HEAD + MERGES}, 1, (("apis/valid", ("m.yaml", 4)),), seconds=0.5, mib=20,
        inputs={"m.yaml": "checked"}),
    unread("an alias of itself", "a: &a [*a]\n", 1, "cyclic alias"),
    unread("100,000 brackets", "[" * 100_000, 1, "nested deeper than 100 levels", seconds=0.5, mib=40),
    unread("2,000 braces", "{a: " * 2_000, 1, "nested deeper than 100 levels", seconds=0.5),
    unread("a block of 1,100 levels", "- " * 1_100 + "x", 1, "nested deeper than 100 levels", seconds=0.5),
    unread("a long value", f"{HEAD}data:\n  k: {'x' * (1 << 20)}y\n", 5, "1,048,577 characters", seconds=1, mib=60),
    unread("one byte too many", f"{HEAD}#".ljust((5 << 20) + 1, "#"), 1, "more than 5,242,880", seconds=0.5, mib=20),
    Row("5,000 empty documents", {"m.yaml": "---\n" * 5_000}, 3, inputs={"m.yaml": "checked"}, company=0, seconds=1),
    Row("a list of 10,000 items", {"m.yaml": "apiVersion: v1\nkind: List\nitems:\n" + "".join(
        f"- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: m{n}, namespace: shop}}}}\n" for n in range(10_000)
    )}, 0, (("deployment/unused-config-maps", ("m.yaml", 10_003)),), seconds=12, mib=220),
    Row("a file of 100,000 lines", {"m.yaml": HEAD + "data:\n" + "".join(f"  k{n}: v\n" for n in range(100_000))}, 0,
        (("deployment/unused-config-maps", ("m.yaml", 3)),), seconds=8, mib=150),
)  # fmt: skip

BROKEN_DOCUMENTS = (
    Row("document 2 of 3 is broken", {"m.yaml": stream(ONE, BROKEN, TWO)}, 1,
        (("availability/replicas", ("m.yaml", REPLICAS_LINE)), ("availability/replicas", ("m.yaml", 30))),
        lost(25, "YAML: did not find expected ',' or '}'"), {"m.yaml": "not_examined"}),
    Row("document 2 of 5 is a text", {"m.yaml": stream(ONE, "just words\n", TWO, config_map("a"), config_map("b"))}, 1,
        (("availability/replicas", ("m.yaml", 28)), ("deployment/unused-config-maps", ("m.yaml", 47))),
        lost(NEXT_LINE, "a text")),
    Row("document 2 of 3 is a list", {"m.yaml": stream(ONE, "- a\n- b\n", TWO)}, 1,
        (("availability/replicas", ("m.yaml", 29)),), lost(NEXT_LINE, "a list")),
    Row("document 2 of 3 is nothing", {"m.yaml": stream(ONE, "null\n", TWO)}, 1,
        (("availability/replicas", ("m.yaml", 28)),), inputs={"m.yaml": "checked"}),
    unread("tabs", "kind: Service\nspec:\n\tports: []\n", 3, "a tab stands where only blanks may"),
    unread("one blank too few", "apiVersion: v1\nkind: Pod\nspec:\n   a: 1\n  b: 2\n", 5, "check the indentation"),
    unread("an anchor of another document", f"{HEAD}data: &d {{a: b}}\n---\n{HEAD}data: *d\n", 9, "no anchor before it",
           company=3),
    Row("text that looks like documents", {"m.yaml": HEAD + "data:\n  a: |\n    ---\n    b: '# readiness: x'\n"}, 0,
        inputs={"m.yaml": "checked"}),
)  # fmt: skip

SCALARS = (
    Row("the same key twice", {"m.yaml": workload(replicas="replicas: 3\n  replicas: 1")}, 1,
        (("deployment/unique-keys", ("m.yaml", 6)), ("availability/replicas", ("m.yaml", 6))),
        says=("the key 'replicas' is here a second time, after line 5",)),
    Row("an equals sign", {"m.yaml": HEAD.replace("}", ", labels: {a: =}}")}, 1,
        (("deployment/label-syntax", ("m.yaml", 3)),)),
    Row("numbers that mean something else", {"m.yaml": HEAD + "data: {a: no, b: 0777, c: 1e3, d: 22:22}\n"}, 1,
        tuple(("apis/valid", ("m.yaml", 4)) for _ in "abc"), says=("`a` is", "`b` is", "`c` is"), never=("`d` is",)),
    unread("bytes that are none", HEAD + "data: {a: !!binary x}\n", 4, "!!binary wants base64"),
    Row("a time that is none", {"m.yaml": HEAD + "data: {a: !!timestamp 9999-99-99}\n"}, 0,
        inputs={"m.yaml": "checked"}),
    Row("a set and an ordered map", {"m.yaml": HEAD + "data: !!set {a, b}\nx: !!omap [a: 1]\n"}, 1,
        (("apis/valid", ("m.yaml", 5)),)),
    Row("Python in a tag", {"m.yaml": HEAD + "data: !!python/object/apply:os.system ['touch canary']\n"}, 1,
        (("apis/valid", ("m.yaml", 4)),), says=("means nothing to Kubernetes",)),
    Row("a tag of CloudFormation", {"m.yaml": HEAD + "data: {a: !Ref b}\n"}, 0, says=("means nothing to Kubernetes",),
        inputs={"m.yaml": "checked"}),
    unread("not a number", HEAD + "data: {a: .nan}\n", 4, ".nan is no number that Kubernetes takes"),
    unread("infinite", HEAD + "data: {a: .inf}\n", 4, "is no number that Kubernetes takes"),
    Row("more than any number", {"m.yaml": HEAD + "data: {a: 1e999}\n"}, 0, inputs={"m.yaml": "checked"}),
    Row("numbers beyond 64 bits", {"m.yaml": workload(replicas=f"replicas: {2**63}")}, 1,
        (("apis/valid", ("m.yaml", REPLICAS_LINE)),)),
    Row("5,000 digits", {"m.yaml": workload(replicas=f"replicas: {'9' * 5_000}")}, 1,
        (("apis/valid", ("m.yaml", REPLICAS_LINE)),), never=("9" * 100,)),
)  # fmt: skip

ENCODINGS = (
    *(
        Row(f"text in {encoding}", {"m.yaml": mark + ONE.encode(encoding)}, 1,
            (("availability/replicas", ("m.yaml", REPLICAS_LINE)),), inputs={"m.yaml": "checked"})
        for encoding, mark in (
            ("utf-8", codecs.BOM_UTF8), ("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE),
            ("utf-32-le", codecs.BOM_UTF32_LE), ("utf-32-be", codecs.BOM_UTF32_BE),
        )
    ),
    unread("Latin-1", HEAD.encode() + b"data: {a: caf\xe9}\n", 4, "is not UTF-8 text"),
    unread("a zero byte", HEAD.encode() + b"data: {a: b\x00}\n", 4, "U+0000 at byte"),
    unread("half a surrogate pair", HEAD.encode() + b"data: {a: \xed\xa0\x80}\n", 4, "is not UTF-8 text"),
    *(
        Row(f"lines that end with {name}", {"m.yaml": ONE.replace("\n", ending)}, 1,
            (("availability/replicas", ("m.yaml", REPLICAS_LINE)),))
        for name, ending in (("CR LF", "\r\n"), ("CR", "\r"))
    ),
    Row("breaks that only YAML knows", {"m.yaml": "# a\u2028# b\x85# c\n" + ONE}, 1,
        (("availability/replicas", ("m.yaml", REPLICAS_LINE + 1)),)),
    Row("letters that cannot be seen", {"m.yaml": workload("w\u200beb", image="registry.example.com/w\u202eb:1.2.3")},
        1, (("deployment/object-names", ("m.yaml", 3)), ("images/reference", ("m.yaml", IMAGE_LINE))),
        never=("\u200b", "\u202e")),
    Row("letters that look alike", {"m.yaml": workload(image="registry.ex\u0430mple.com/web:1.2.3")}, 1,
        (("images/reference", ("m.yaml", IMAGE_LINE)),)),
)  # fmt: skip

SHAPES = (
    Row("an empty file", {"m.yaml": ""}, 3, inputs={"m.yaml": "checked"}, company=0, says=("no objects",)),
    Row("only comments", {"m.yaml": "# nothing\n---\n# nor here\n"}, 3, inputs={"m.yaml": "checked"}, company=0),
    Row("lists in lists", {"m.yaml": "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n"
        "  - apiVersion: v1\n    kind: Service\n    metadata: {name: s, namespace: shop}\n    spec: {selector: {app: s}}\n"
        "- apiVersion: apps/v1\n  kind: DeploymentList\n  items: [{metadata: {name: d, namespace: shop}}]\n"}, 1,
        (("network/service-selects-pods", ("m.yaml", 10)), ("apis/valid", ("m.yaml", 13)))),
    Row("no apiVersion", {"m.yaml": ONE.removeprefix("apiVersion: apps/v1\n")}, 1, (("apis/served", ("m.yaml", 1)),)),
    unread("no kind", ONE.replace("kind: Deployment\n", ""), 1, "a mapping with no `kind`"),
    unread("a kind that is a list", HEAD.replace("ConfigMap", "[ConfigMap]"), 1, "no usable `kind`"),
    Row("no name", {"m.yaml": HEAD.replace("name: odd, ", "")}, 1, (("deployment/object-names", ("m.yaml", 3)),)),
    Row("metadata is a list", {"m.yaml": HEAD.replace("{name: odd, namespace: shop}", "[]")}, 1,
        (("apis/valid", ("m.yaml", 3)),)),
    Row("labels are a list", {"m.yaml": ONE.replace("labels: {app: one}}\nspec", "labels: [app]}\nspec")}, 1,
        (("apis/valid", ("m.yaml", 3)),)),
    *(
        Row(f"wrong type: {new}", {"m.yaml": ONE.replace(old, new)}, 1, (("apis/valid", ("m.yaml", line)),))
        for old, new, line in (
            ("ports: [{name: http, containerPort: 8080}]", 'ports: "80"', 16),
            ("selector: {matchLabels: {app: one}}", "selector: one", 6),
            ("replicas: 1", "replicas: many", 5),
        )
    ),
    Row("containers are a mapping", {"m.yaml": ONE[: ONE.index("containers:")] + "containers: {}\n"}, 1,
        (("apis/valid", ("m.yaml", 13)),)),
    Row("fields that are null", {"m.yaml": ONE.replace("          ports:", "          env: null\n          volumeMounts: ~\n"
        "          ports:")}, 1, (("availability/replicas", ("m.yaml", REPLICAS_LINE)),), clean=("apis/valid",)),
    Row("a kind that nobody knows", {"m.yaml": "apiVersion: example.com/v1\nkind: Sprocket\n"
        "metadata: {name: s, namespace: shop}\n"}, 0, says=("Kinds that no check reads", "Sprocket"), company=0),
    Row("an API that is gone", {"m.yaml": "apiVersion: extensions/v1beta1\nkind: Ingress\n"
        "metadata: {name: s, namespace: shop}\n"}, 1, (("apis/removed", ("m.yaml", 1)),)),
)  # fmt: skip

OTHER_NOTATIONS = (
    unread("a template of Helm", ONE.replace("replicas: 1", "replicas: {{ .Values.replicas }}"), 5,
           "this is a Helm template"),
    unread("another template", ONE.replace("replicas: 1", "replicas: {{count}}"), 5, "this is a template, not a manifest"),
    Row("encrypted by SOPS", {"m.yaml": SOPS}, 0, says=("m.yaml:5:1: the values", "encrypted with SOPS"),
        inputs={"m.yaml": "checked"}, clean=("apis/valid", "secrets/secret-manifests")),
    Row("Jsonnet, CUE and ytt", {"a.jsonnet": "{}", "b.cue": "a: 1", "c.ytt": "a: 1"}, 3,
        gaps=((("a.jsonnet", 1), "Jsonnet is not rendered here"), (("b.cue", 1), "CUE is not rendered here"),
              (("c.ytt", 1), "ytt is not rendered here"))),
    Row("a kustomization and its parts", {
        "kustomization.yaml": "kind: Kustomization\npatches: [{path: p.yaml}]\ntransformers: [t.yaml]\n",
        "p.yaml": ONE, "t.yaml": "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: l}\n"}, 3,
        inputs={"kustomization.yaml": "ignored", "p.yaml": "ignored", "t.yaml": "ignored"}, company=0),
    Row("a chart in a folder", {"c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "c/values.yaml": "a: 1\n",
        "c/templates/d.yaml": ONE}, 3, gaps=lost(1, "this is a chart", "c/Chart.yaml"),
        inputs={"c/values.yaml": "not_examined", "c/templates/d.yaml": "not_examined"}),
    Row("values of somebody else", {"values.yaml": "image: {tag: 1}\n", "grafana.yaml": "apiVersion: 1\ndatasources: []\n"},
        3, inputs={"values.yaml": "ignored", "grafana.yaml": "ignored"}, company=0),
)  # fmt: skip

ROWS = (*BOMBS, *BROKEN_DOCUMENTS, *SCALARS, *ENCODINGS, *SHAPES, *OTHER_NOTATIONS)
