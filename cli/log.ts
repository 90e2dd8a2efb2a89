import { join } from 'node:path';
import { pino } from 'pino';
import type { Logger } from 'pino';
import type { Notice } from '../controller/runtime/control-loop-options.ts';

export interface ServiceLog {
  readonly logger: Logger;
  /** Where the lines go, for a person. */
  readonly where: string;
  flush(): void;
}

/**
 * JSON lines, one task's all with the same `taskId`. Beside a live terminal they go to a file in the state directory,
 * else to standard output.
 */
export function openLog(stateDirectory: string, to: 'file' | 'stdout'): ServiceLog {
  const file = join(stateDirectory, 'service.log');
  const destination =
    to === 'file'
      ? pino.destination({ dest: file, mkdir: true, sync: false })
      : pino.destination({ fd: 1, sync: true });
  const logger = pino({ base: null, level: process.env['MAGPIE_LOG_LEVEL'] ?? 'info' }, destination);
  return { logger, where: to === 'file' ? file : 'standard output', flush: () => destination.flushSync() };
}

export function logNotice(logger: Logger, notice: Notice): void {
  const { level, code, message, taskId, armId, orderId } = notice;
  const fields: Record<string, string> = { code };
  if (taskId !== null) fields['taskId'] = taskId;
  if (armId !== null) fields['armId'] = armId;
  if (orderId !== null) fields['orderId'] = orderId;
  logger[level](fields, message);
}
