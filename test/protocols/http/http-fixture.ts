import { pino } from 'pino';
import type { CellLayout } from '../../../protocols/http/interface/layout.ts';
import { createHttpServer } from '../../../protocols/http/server.ts';
import type { HttpServer, HttpServerOptions } from '../../../protocols/http/server.ts';
import { SmallService } from './small-service.ts';

const AT_ORIGIN = { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] } as const;

/** An arm of two joints and two links, 0.3 m and 0.4 m high, turning about z and then about y. */
export const SMALL_URDF = `<?xml version="1.0"?>
<robot name="small">
  <link name="base"><visual><origin xyz="0 0 0.15"/><geometry><cylinder radius="0.06" length="0.3"/></geometry></visual></link>
  <link name="upper"><visual><origin xyz="0 0 0.2"/><geometry><box size="0.08 0.08 0.4"/></geometry></visual></link>
  <link name="fore"><visual><origin xyz="0 0 0.2"/><geometry><cylinder radius="0.03" length="0.4"/></geometry></visual></link>
  <joint name="pan" type="revolute">
    <parent link="base"/><child link="upper"/><origin xyz="0 0 0.3"/><axis xyz="0 0 1"/>
    <limit lower="-3" upper="3" velocity="2" effort="10"/>
  </joint>
  <joint name="lift" type="revolute">
    <parent link="upper"/><child link="fore"/><origin xyz="0 0 0.4"/><axis xyz="0 1 0"/>
    <limit lower="-3" upper="3" velocity="2" effort="10"/>
  </joint>
</robot>`;

export const SMALL_LAYOUT: CellLayout = {
  cell: 'test-cell',
  clearanceM: 0.02,
  arms: (['A1', 'A2'] as const).map((id, index) => ({
    id,
    manipulator: 'small',
    X_WB: { positionM: [index === 0 ? -0.6 : 0.6, 0, 0], quaternionXyzw: [0, 0, 0, 1] },
    joints: [
      {
        name: 'pan',
        kind: 'revolute' as const,
        X_PJ: { positionM: [0, 0, 0.3], quaternionXyzw: [0, 0, 0, 1] },
        axis: [0, 0, 1] as [number, number, number],
        lower: -3,
        upper: 3,
      },
      {
        name: 'lift',
        kind: 'revolute' as const,
        X_PJ: { positionM: [0, 0, 0.4], quaternionXyzw: [0, 0, 0, 1] },
        axis: [0, 1, 0] as [number, number, number],
        lower: -3,
        upper: 3,
      },
    ],
    X_JF: { positionM: [0, 0, 0.4], quaternionXyzw: [0, 0, 0, 1] },
    linkCapsules: [],
    tool: {
      name: 'cup',
      kind: 'suction' as const,
      X_FT: { positionM: [0, 0, 0.1], quaternionXyzw: [0, 0, 0, 1] },
      capsules: [{ p: [0, 0, 0.01], q: [0, 0, 0.09], radiusM: 0.02 }],
    },
    park: [0, 0],
  })),
  places: [
    { id: 'bin-1', kind: 'bin', positionM: [0, 0.4, 0], innerSizeM: [0.5, 0.35, 0.3], grid: [3, 2] },
    { id: 'station-1', kind: 'station', positionM: [0, -0.4, 0], innerSizeM: [0.5, 0.35, 0.3], grid: [2, 2] },
    { id: 'induct-1', kind: 'induct', positionM: [1.2, 0, 0], innerSizeM: [0.35, 0.5, 0.3], grid: [2, 2] },
  ],
  obstacles: [
    {
      id: 'table',
      shape: { type: 'box', sizeM: [3, 1.6, 0.05] },
      X_WO: { ...AT_ORIGIN, positionM: [0, 0, -0.03], quaternionXyzw: [0, 0, 0, 1] },
    },
  ],
  zones: [{ id: 'Z1', minM: [-0.25, 0.2], maxM: [0.25, 0.6] }],
};

export interface Running {
  readonly service: SmallService;
  readonly server: HttpServer;
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** A real server on a free port, with a small service behind it. */
export async function startServer(
  changes: Partial<Omit<HttpServerOptions, 'service'>> = {},
  service: SmallService = new SmallService(['A1', 'A2'], 2),
): Promise<Running> {
  const server = await createHttpServer({
    service,
    layout: SMALL_LAYOUT,
    descriptions: new Map([['small', SMALL_URDF]]),
    host: '127.0.0.1',
    port: 0,
    token: null,
    hostNames: [],
    consoleDirectory: null,
    logger: pino({ level: 'silent' }),
    settingNames: { host: 'http.host', port: 'http.port', token: 'MAGPIE_HTTP_TOKEN' },
    ...changes,
  });
  const result = await server.listen();
  if (result.status !== 'listening') throw new Error(`${result.code}: ${result.detail}`);
  return {
    service,
    server,
    url: `http://127.0.0.1:${result.port}`,
    port: result.port,
    close: () => server.close(),
  };
}
