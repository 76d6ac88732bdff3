// What the table takes from Python, where that is not JavaScript's function of Math of the same name.
// One definition a paragraph; autograd/readings/scripting.py puts those into a page that its rows need.

// Python's errors: `kind` is the name of the exception.

const failure = (kind, text) => Object.assign(new Error(text), {kind});

const ValueError = text => failure("ValueError", text);

// Functions of Math that raise as Python's do. All their poles lie at -1, 0 and 1: what is infinite elsewhere is too
// large for a float.

const checked = f => (...xs) => {
  const out = f(...xs);
  if (isNaN(out) && !xs.some(isNaN)) throw ValueError("outside the domain");
  if (Math.abs(out) === Infinity && xs.every(isFinite)) {
    throw Math.abs(xs[0]) > 1 ? failure("OverflowError", "too large") : ValueError("outside the domain");
  }
  return out;
};

// Python's / and ** and % and //.

function divided(x, y) {
  if (y === 0) throw failure("ZeroDivisionError", "division by zero");
  return x / y;
}

function raised(x, y) {
  if (x === 1 || y === 0 || (x === -1 && Math.abs(y) === Infinity)) return 1;
  if (x === 0 && y < 0 && isFinite(y)) throw failure("ZeroDivisionError", "zero to a negative exponent");
  const out = x ** y;
  if (isFinite(x) && isFinite(y) && !isFinite(out)) throw failure("OverflowError", "too large");
  return out;
}

function remainder(x, y) {
  if (y === 0) throw failure("ZeroDivisionError", "division by zero");
  const out = x % y;
  return out && (out < 0) !== (y < 0) ? out + y : out;
}

function quotient(x, y) {
  if (y === 0) throw failure("ZeroDivisionError", "division by zero");
  const rest = x % y, out = (x - rest) / y - (rest && (rest < 0) !== (y < 0) ? 1 : 0);
  const low = Math.floor(out);
  return out - low > 0.5 ? low + 1 : low;
}

// What Python's module math has and Math has not, or has otherwise.

const fabs = Math.abs;

const hypot = Math.hypot;

const copysign = (x, y) => (y < 0 || Object.is(y, -0) ? -1 : 1) * Math.abs(x);

function fsum(xs) {  // J. Shewchuk, Adaptive Precision Floating-Point Arithmetic (1997): parts that do not overlap
  let parts = [];
  for (let x of xs) {
    const kept = [];
    for (let y of parts) {
      if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
      const high = x + y, low = y - (high - x);
      if (low) kept.push(low);
      x = high;
    }
    parts = [...kept, x];
  }
  const out = parts.reduceRight((x, y) => x + y, 0);
  if (!isFinite(out)) throw failure("OverflowError", "too large");
  return out;
}

function erf(x) {  // DLMF 7.6.2, whose terms have one sign
  if (Math.abs(x) > 1) return x > 0 ? 1 - erfc(x) : erfc(-x) - 1;
  let term = x, out = x;
  for (let n = 1; n < 40; n++) out += term *= x * x / (n + 0.5);
  return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * out;
}

function erfc(x) {  // DLMF 7.9.2, a continued fraction, from its inside
  if (!(x >= 1)) return x < -1 ? 2 - erfc(-x) : 1 - erf(x);
  let out = x;
  for (let n = 200; n > 0; n--) out = x + n / 2 / out;
  return gauss(x, 1) / Math.sqrt(Math.PI) / out;
}

// What Python has built in, and operator.mul.

const all = xs => xs.every(Boolean);

const float = Number;

const len = xs => xs.length;

const list = xs => [...xs];

const tuple = xs => [...xs];

const map = (f, ...lists) => lists[0].map((_, i) => f(...lists.map(xs => xs[i])));

const max = xs => xs.reduce((x, y) => y > x ? y : x);

const min = xs => xs.reduce((x, y) => y < x ? y : x);

const sum = xs => xs.reduce((x, y) => x + y, 0);

const mul = (x, y) => x * y;

const remove = (xs, x) => xs.splice(xs.indexOf(x), 1);

const repeated = (xs, n) => Array(n).fill(xs).flat();

function round(x) {  // halves to even, and no -0
  const out = Math.round(x);
  return (Math.abs(x % 1) === 0.5 && out % 2 ? out - 1 : out) + 0;
}

// How a row takes the flat operands of a node, by its layout.

const fixed = (value, partials) => ({value: xs => value(...xs), partials: (out, xs) => partials(out, ...xs)});

const sequence = (value, partials) => ({value: xs => value(xs), partials: (out, xs) => partials(out, xs)});

function pairs(value, partials) {
  const grouped = xs => {
    const half = xs.length >> 1;
    return [xs.slice(0, half), xs.slice(half, 2 * half), xs.length % 2 ? xs.at(-1) : 0];
  };
  return {
    value: xs => value(...grouped(xs)),
    partials: (out, xs) => partials(out, ...grouped(xs)).flat().slice(0, xs.length),
  };
}
