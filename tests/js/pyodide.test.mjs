// The library in a browser's Python (Pyodide, here in node): no NumPy, no program that could render, no processes.
//
// tests/test_javascript.py runs this file; PACKAGES names the folders of graphviz and tqdm, which are Python alone.

import assert from "node:assert/strict";
import { basename } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadPyodide } from "pyodide";

const root = fileURLToPath(new URL("../..", import.meta.url));
const packages = JSON.parse(process.env.PACKAGES ?? "[]");
let python;

before(async () => {
  python = await loadPyodide();
  const folders = [`${root}/autograd`, `${root}/nn`, ...packages];
  for (const folder of folders) {
    python.FS.mkdirTree(`/packages/${basename(folder)}`);
    python.mountNodeFS(`/packages/${basename(folder)}`, folder);
  }
  python.runPython(`
import sys, warnings
warnings.simplefilter("error")
sys.dont_write_bytecode = True
sys.path.insert(0, "/packages")
import autograd as ag, nn
from autograd import Value
x, w = Value(2.0, label="x"), Value(-3.0, label="w")
y = ag.tanh(w * x + 6.9)
y.label = "y"
y.backward()
`);
});

const run = code => python.runPython(code);

test("import autograd, nn: neither needs what is not there", () => {
  assert.equal(run(`sys.platform`), "emscripten");
  assert.equal(run(`bool({"numpy", "graphviz", "tqdm"} & set(sys.modules))`), false);
  assert.equal(run(`f"{y:.4f} {x.grad:.4f} {w.grad:.4f}"`), "0.7163 -1.4608 0.9738");
});

test("draw: Graphviz's language, the graph as text, and why there is no picture", () => {
  assert.match(run(`ag.draw(y).source`), /^digraph \{[^]*n1 -> n3[^]*\}\s*$/);
  assert.match(run(`repr(ag.draw(y))`), /^w +data -3 +grad 0.9738\n[^]*\ny = tanh\(v2\) +data 0.7163 +grad 1$/);
  assert.match(run(`ag.draw(y)._repr_mimebundle_()["text/plain"]`), /grad 0.9738[^]*runs no programs: paste \.source/);
  assert.match(run(`
try:
    ag.draw(y).pipe("svg")
except RuntimeError as error:
    told = str(error)
told`), /^no picture: expected `dot` on PATH or `graphviz-pure` beside this Python, got neither; a browser's Python/);
  assert.match(run(`nn.draw_network(nn.MLP(2, [3, 1])).source`), /^digraph/);
});

test("explain: the derivation", () => {
  assert.match(run(`str(ag.explain(y))`), /dy\/dw = 0\.9738\n/);
});

for (const kind of ["animate", "quiz"]) {
  test(`${kind}: a page whose boxes are placed without Graphviz`, () => {
    const page = run(`ag.${kind}(y).html`);
    assert.match(page, /^<!DOCTYPE html>/i);
    const boxes = [...page.matchAll(/<g id="n(\d+)" class="node (variable|constant)"/g)].map(found => found[1]);
    assert.deepEqual(boxes.sort(), ["0", "1", "2", "3", "4", "5"]);
    assert.equal([...page.matchAll(/<g id="e\d+" class="edge/g)].length, 5);
    assert.match(page, /<text [^>]*>grad [-?0-9]/);
  });
}

test("fit(jit=None): scalar by scalar, and it learns", () => {
  const losses = run(`
import random
random.seed(0)
X, Y = nn.data.moons(30, noise=0.1, rng=random.Random(0))
model = nn.MLP(2, [4, 1], activation="tanh")
history = nn.fit(model, X, [[2.0 * k - 1.0] for k in Y], loss=nn.mse, optimizer=nn.Adam(lr=0.05), epochs=8,
                 batch_size=10, rng=random.Random(0))
history.loss`).toJs();
  assert.equal(losses.length, 8);
  assert.ok(losses[7] < 0.7 * losses[0], `${losses}`);
});

test("jit: it says that NumPy is missing", () => {
  assert.match(run(`
try:
    ag.jit(lambda x: x * x)
except ImportError as error:
    told = str(error)
told`), /^jit: it computes with NumPy, which is not installed/);
});

test("outside a domain: IEEE 754 without NumPy", () => {
  assert.equal(run(`
with ag.ieee():
    told = str(ag.log(Value(0.0)).data)
told`), "-inf");
});
