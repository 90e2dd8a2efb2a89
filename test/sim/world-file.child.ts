import { openWorldFile } from '../../sim/world-file.ts';
import { cell, containers, settings, skus } from './fixture.ts';

/** Run by world-file.test.ts to be killed: moves soap about for ever and says after each move how many it moved. */
const opened = openWorldFile({
  file: process.argv[2] as string,
  cell,
  settings: settings(),
  start: () => ({
    skus,
    containers: containers('BIN1').map((each) => ({
      ...each,
      stacks:
        each.containerId === 'S1' ? [new Array<string>(500).fill('soap'), [], [], [], [], []] : each.stacks,
    })),
  }),
});
if (!opened.ok) throw new Error(opened.fault.detail);
const { world, io } = { world: opened.world.world, io: opened.world.io };
console.log(process.pid);
for (let round = 0; ; round += 1) {
  const unit = world.goods.takeFromContainer('S1', 'soap');
  if (unit === null) break;
  world.goods.putByHand(unit, 'I1', 5);
  io.execute({ kind: 'inspect', requestId: `i-${process.pid}-${round}`, placeId: 'BIN1' });
  opened.world.advanceTo(world.nowUs + 500_000);
  io.takeEvents();
  console.log(JSON.stringify({ moved: world.goods.container('I1')?.stacks[5]?.length ?? 0 }));
}
