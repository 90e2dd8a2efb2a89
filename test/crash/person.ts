import type { CoreState } from '../../controller/core/state.ts';
import type { Core } from '../../controller/core/create.ts';
import type { TaskCommandRequest } from '../../controller/domain/intake.ts';
import { SimOperator } from '../../sim/operator.ts';
import { askedOf } from '../../sim/play-queue.ts';
import type { SimWorld } from '../../sim/world.ts';

/** Answers to one task after which the person takes the unit away and gives up on it. */
const ANSWERS_MAX = 3;

/** The person at the cell, who comes while the simulator is down: looks what is true, sets it right, and says so. */
export class Person {
  readonly #answers = new Map<string, number>();
  answered = 0;

  /** Tasks that wait for a person; not those that sensors are just about to settle. */
  static queue(state: CoreState): readonly string[] {
    return Object.values(state.tasks)
      .filter((task) => task.machine.value === 'asking')
      .map((task) => task.id);
  }

  /** Changes the world and returns what is to be answered then. */
  visit(core: Core, world: SimWorld): readonly TaskCommandRequest[] {
    const waiting = new Set(Person.queue(core.state));
    const queue = askedOf(core).filter((asked) => waiting.has(asked.taskId));
    const operator = new SimOperator(world, { answerAfterUs: { min: 0, max: 0 } });
    const answers: TaskCommandRequest[] = [];
    for (const asked of queue) {
      const count = (this.#answers.get(asked.taskId) ?? 0) + 1;
      this.#answers.set(asked.taskId, count);
      const hasTried = count >= ANSWERS_MAX && asked.options.includes('give-up');
      if (hasTried && asked.unitAt === 'source') {
        answers.push({ action: 'resolve', taskId: asked.taskId, resolution: 'give-up', by: 'crash-person' });
      } else if (hasTried && asked.unitAt === 'tool' && asked.armId !== null) {
        const [unit] = world.goods.heldBy(asked.armId);
        if (unit !== undefined) world.goods.takeByHand(unit);
        world.toolTouched(asked.armId);
        answers.push({ action: 'resolve', taskId: asked.taskId, resolution: 'give-up', by: 'crash-person' });
      } else {
        answers.push(...operator.attend(world.nowUs, [asked]));
      }
    }
    this.answered += answers.length;
    return answers;
  }
}
