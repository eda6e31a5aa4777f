import { from, interval, of, Subject, firstValueFrom, lastValueFrom } from 'rxjs';
import { map, filter, take, mergeMap, delay, toArray, debounceTime, catchError } from 'rxjs/operators';
console.log(
  await lastValueFrom(
    interval(2).pipe(
      take(4),
      filter((x) => x % 2),
      map((x) => x * 10),
      toArray(),
    ),
  ),
);
console.log(
  await lastValueFrom(
    from([1, 2, 3]).pipe(
      mergeMap((x) => of(x).pipe(delay(400 - 100 * x))),
      toArray(),
    ),
  ),
);
const s = new Subject();
s.pipe(debounceTime(3)).subscribe((x) => console.log('debounced', x));
s.next(1);
s.next(2);
console.log(await firstValueFrom(from(Promise.reject(new Error('no'))).pipe(catchError((e) => of(e.message)))));
