// NumPy and pandas from JavaScript: typed arrays go in without a copy and come out as such, tables are made and asked, faults are errors.
import np from 'python:numpy';
import pd from 'python:pandas';

const { dict, tuple } = python.builtins; // what pandas takes for columns is a dict, for a cell a tuple
const { PI, cos, sin } = Math;

// A signal of two tones, made here, taken apart there.
const samples = Float64Array.from({ length: 1024 }, (_, n) => sin((2 * PI * 50 * n) / 1024) + cos((2 * PI * 120 * n) / 1024) / 2);
const strength = np.abs(np.fft.rfft(samples)).toJs();
const tones = [...strength.keys()].filter((n) => strength[n] > 100);
console.log(strength.constructor.name, strength.length, tones);

// One memory: what NumPy changes in place has changed here, and the other way round.
const shared = np.asarray(samples);
np.multiply.callKwargs(shared, 0, { out: shared });
console.log(
  samples.every((sample) => sample === 0),
  shared.dtype.name,
  shared.shape[0],
);
const matrix = np.arange.callKwargs(6, { dtype: 'float32' }).reshape(2, 3);
const rows = matrix.toJs();
rows[1][0] = 40;
console.log(
  rows[0].constructor.name,
  matrix.sum().item(),
  [...matrix.tolist()].map((row) => [...row]),
);
console.log(matrix.T.dot(matrix).trace().item(), Number(np.linalg.norm(new Float32Array([3, 4]))));
for (const [type, values] of Object.entries({ int8: Int8Array, uint16: Uint16Array, int64: BigInt64Array, float32: Float32Array })) {
  const array = np.asarray(new values(3));
  console.log(type, array.dtype.name === type, array.toJs() instanceof values);
}

// A table from columns, some of them typed arrays.
const table = pd.DataFrame(
  dict({
    city: ['Oslo', 'Lima', 'Oslo', 'Kyiv', 'Lima'],
    year: np.asarray(new Int32Array([2023, 2023, 2024, 2024, 2024])),
    rain: np.asarray(new Float64Array([763.2, 6.5, 801.4, 598.1, NaN])),
  }),
);
console.log(table.shape[0], [...table.columns], table.get('rain').dtype.name, table.get('year').dtype.name);
const mean = table.groupby('city').get('rain').mean();
console.log(mean.to_dict().toJs());
const wet = table.query('rain > 600').sort_values.callKwargs('rain', { ascending: false });
for (const row of wet.to_dict('records')) console.log(row.city, row.year, row.rain);
console.log(table.get('rain').isna().sum().item(), table.get('rain').fillna(0).to_numpy().toJs());
const wide = table.pivot_table.callKwargs({ index: 'city', columns: 'year', values: 'rain', aggfunc: 'sum' });
console.log(JSON.parse(wide.to_json()));
console.log(
  table
    .get('city')
    .map((name) => name.toUpperCase())
    .tolist()
    .join(),
);
table.set('wet', table.get('rain').gt(600));
console.log(Boolean(table.loc.get(tuple([1, 'wet'])).item()), table.iloc.get(0).get('city'));
console.log(table.to_csv.callKwargs({ index: false }).split('\n')[1]);

// Faults are errors of JavaScript that say what Python's were.
const refused = (f) => {
  try {
    return f();
  } catch (error) {
    return `${error.name}: ${error.message.split('\n')[0]} (${error instanceof Error})`;
  }
};
console.log(refused(() => table.get('snow')));
console.log(refused(() => np.dot(new Float64Array(2), new Float64Array(3))));
console.log(refused(() => np.linalg.inv(np.zeros([2, 2]))));
console.log(refused(() => pd.DataFrame(dict({ a: [1], b: [1, 2] }))));
console.log(refused(() => table.query('rain >')));
console.log(refused(() => np.zeros(3).toJs().buffer.resize(1)));
console.log(refused(() => np.array([1, 2]).astype('complex128').toJs()));
console.log(
  refused(() =>
    table.get('city').map(() => {
      throw new RangeError('not this city');
    }),
  ),
);
const bytes = new Uint8Array(8);
const view = np.asarray(bytes);
console.log(
  refused(() => structuredClone(bytes, { transfer: [bytes.buffer] })),
  view.size,
);
