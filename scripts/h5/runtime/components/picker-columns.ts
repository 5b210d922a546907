/** What the columns of a picker show, and which value their positions stand for. Pure. */

export interface PickerData {
  mode: string;
  headerText: string;
  range: unknown[];
  rangeKey: string;
  value: unknown;
  start: string;
  end: string;
  fields: string;
  customItem: string;
  level: string;
  disabled: boolean;
}

/** Columns that depend on each other. `columns(places)` are all labels while the columns are at the indexes `places`. */
export interface Wheel {
  columns(places: number[]): string[][];
  initial: number[];
  /** The picker's value while the columns are at `places`. */
  result(places: number[]): { value: unknown };
}

function label(item: unknown, key: string): string {
  return String(key && typeof item === 'object' && item !== null ? (item as Record<string, unknown>)[key] : item);
}

export function selector({ range, rangeKey, value }: PickerData): Wheel {
  const labels = range.map((item) => label(item, rangeKey));
  return {
    columns: () => [labels],
    initial: [Number(value) || 0],
    result: ([place = 0]) => ({ value: place }),
  };
}

export function multiSelector({ range, rangeKey, value }: PickerData): Wheel {
  const given = Array.isArray(value) ? value.map(Number) : [];
  const columns = (range as unknown[][]).map((column) => column.map((item) => label(item, rangeKey)));
  return {
    columns: () => columns,
    initial: columns.map((_, index) => given[index] || 0),
    result: (places) => ({ value: places }),
  };
}

const two = (number: number): string => String(number).padStart(2, '0');

function span(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

function minutes(text: string, otherwise: number): number {
  const [hour, minute] = text.split(':').map(Number);
  return hour === undefined || minute === undefined || Number.isNaN(hour + minute) ? otherwise : hour * 60 + minute;
}

export function time({ value, start, end }: PickerData): Wheel {
  const from = minutes(start, 0);
  const to = minutes(end, 23 * 60 + 59);
  const hours = span(Math.floor(from / 60), Math.floor(to / 60));
  const within = (hour: number): number[] =>
    span(0, 59).filter((minute) => hour * 60 + minute >= from && hour * 60 + minute <= to);
  const now = Math.min(to, Math.max(from, minutes(String(value ?? ''), from)));
  const hourAt = (place: number): number => hours[Math.min(place, hours.length - 1)] ?? 0;
  return {
    columns: ([hour = 0]) => [hours.map((one) => `${two(one)}时`), within(hourAt(hour)).map((one) => `${two(one)}分`)],
    initial: [hours.indexOf(Math.floor(now / 60)), Math.max(0, within(Math.floor(now / 60)).indexOf(now % 60))],
    result: ([hour = 0, minute = 0]) => ({ value: `${two(hourAt(hour))}:${two(within(hourAt(hour))[minute] ?? 0)}` }),
  };
}

type Day = [year: number, month: number, day: number];

/** Year, month and day of a date like `2026-02-28`. Missing parts are taken from `otherwise`. */
function dayOf(text: string, otherwise: Day): Day {
  const parts = text.split('-').map(Number);
  return [0, 1, 2].map((index) => parts[index] || otherwise[index]) as Day;
}

export function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

const YEARS_AROUND = 100;

/** The columns of a date. An empty value starts at `today`. */
export function date({ value, start, end, fields }: PickerData, today: Day): Wheel {
  const first = dayOf(start, [today[0] - YEARS_AROUND, 1, 1]);
  const last = dayOf(end, [today[0] + YEARS_AROUND, 12, 31]);
  const years = span(first[0], last[0]);
  const at = <T>(list: T[], place: number): T => list[Math.min(place, list.length - 1)] as T;
  const monthsOf = (year: number): number[] =>
    span(year === first[0] ? first[1] : 1, year === last[0] ? last[1] : 12);
  const daysOf = (year: number, month: number): number[] => {
    const ends = [first, last].map(([y, m, d]) => (y === year && m === month ? d : 0));
    return span(ends[0] || 1, Math.min(ends[1] || 31, daysIn(year, month)));
  };
  const parts = ([y = 0, m = 0, d = 0]: number[]): Day => {
    const year = at(years, y);
    const month = at(monthsOf(year), m);
    return [year, month, at(daysOf(year, month), d)];
  };
  const count = { year: 1, month: 2 }[fields] ?? 3;
  const wanted = dayOf(String(value ?? ''), today);
  const year = Math.min(Math.max(wanted[0], first[0]), last[0]);
  const month = Math.max(0, monthsOf(year).indexOf(wanted[1]));
  const day = Math.max(0, daysOf(year, at(monthsOf(year), month)).indexOf(wanted[2]));
  return {
    columns: (places) => {
      const [y, m] = parts(places);
      const all = [years.map((one) => `${one}年`), monthsOf(y).map((one) => `${one}月`), daysOf(y, m).map((one) => `${one}日`)];
      return all.slice(0, count);
    },
    initial: [years.indexOf(year), month, day].slice(0, count),
    result: (places) => ({ value: parts(places).slice(0, count).map(two).join('-') }),
  };
}

/** A province with its cities, or a city with its districts. */
export interface Region {
  name: string;
  inside?: Region[];
}

export function region({ value, level }: PickerData, provinces: Region[]): Wheel {
  const depth = { province: 1, city: 2 }[level] ?? 3;
  const given = Array.isArray(value) ? value.map(String) : [];
  const path = (places: number[]): Region[] => {
    const found: Region[] = [];
    let list: Region[] | undefined = provinces;
    for (let step = 0; step < depth && list?.length; step += 1) {
      const one: Region = list[Math.min(places[step] ?? 0, list.length - 1)] as Region;
      found.push(one);
      list = one.inside;
    }
    return found;
  };
  const lists = (places: number[]): Region[][] => [
    provinces,
    ...path(places).slice(0, depth - 1).map((one) => one.inside ?? []),
  ];
  const initial: number[] = [];
  for (let step = 0; step < depth; step += 1) {
    initial.push(Math.max(0, (lists(initial)[step] ?? []).findIndex((one) => one.name === given[step])));
  }
  return {
    columns: (places) => lists(places).map((list) => list.map((one) => one.name)),
    initial,
    result: (places) => ({ value: path(places).map((one) => one.name) }),
  };
}
