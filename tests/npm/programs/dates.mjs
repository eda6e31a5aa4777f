import dayjs from 'dayjs';
import utc from 'dayjs/plugin/utc.js';
import { format, addDays, formatDistance } from 'date-fns';
import { DateTime } from 'luxon';
import moment from 'moment';
import tz from 'moment-timezone';
dayjs.extend(utc);
console.log(
  dayjs.utc(0).add(1, 'month').format('YYYY-MM-DD HH:mm'),
  addDays(new Date(0), 3).toISOString(),
  formatDistance(0, 86400000),
  DateTime.fromMillis(0, { zone: 'Europe/Berlin' }).setLocale('de').toLocaleString(DateTime.DATETIME_FULL),
  DateTime.fromISO('2024-02-30').invalidReason,
);
console.log(
  moment.utc(0).format('LLLL'),
  moment.duration(3661, 's').humanize(),
  tz.tz(0, 'America/New_York').format(),
  format(new Date(2020, 1, 2), 'PPPP'),
);
