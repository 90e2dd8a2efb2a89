/** A task as it was done, s: the instants at which the grasp and the release were over. */
export interface TraceTask {
  readonly id: string;
  readonly arm: string;
  readonly picked_s: number;
  readonly placed_s: number;
}

export interface TraceContents {
  readonly cell: string;
  readonly policy: string;
  readonly armIds: readonly string[];
  /** Per arm its positions at every sample, rad. */
  readonly samples: readonly (readonly Float64Array[])[];
  readonly sampleUs: number;
  readonly tasks: readonly TraceTask[];
  readonly failed: readonly { readonly id: string; readonly reason: string }[];
}

/** Decimals of positions: with fewer, rounding shows up as jerk. */
const DECIMALS = 10;

/** Pieces of an executed motion in format `magpie-trace/1`, to be written one after the other. */
export function* traceFile(contents: TraceContents): Generator<string> {
  const { cell, policy, armIds, samples, sampleUs, tasks, failed } = contents;
  const head = { format: 'magpie-trace/1', cell, policy, sample_s: sampleUs * 1e-6 };
  yield `${JSON.stringify(head).slice(0, -1)},"arms":[`;
  for (const [arm, id] of armIds.entries()) {
    yield `${arm > 0 ? ',' : ''}{"id":${JSON.stringify(id)},"samples":[`;
    const rows = samples[arm].map((q) => `[${Array.from(q, (value) => value.toFixed(DECIMALS)).join(',')}]`);
    yield `${rows.join(',')}]}`;
  }
  yield `],"tasks":${JSON.stringify(tasks)},"failed":${JSON.stringify(failed)}}\n`;
}
