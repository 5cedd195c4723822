/**
 * Values against Swagger 1.2 types and models, closed-world: an undescribed property is a problem, and so is null where
 * the format knows none. `$ref` may name a model, a primitive format (`date-time`), a `Map` or an enumerated type.
 */
export interface TypeUse {
  readonly type?: string;
  readonly format?: string;
  readonly $ref?: string;
  readonly enum?: readonly unknown[];
  readonly items?: TypeUse;
}

export interface Model {
  readonly required?: readonly string[];
  readonly properties: Readonly<Record<string, TypeUse>>;
}

export type Models = Readonly<Record<string, Model>>;

export function modelProblems(name: string, value: unknown, models: Models, where: string): string[] {
  const model = models[name];
  if (!model) throw new Error(`model ${name} is not described`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${where} is no ${name}`];
  const problems: string[] = [];
  for (const required of model.required ?? []) {
    if (!Object.hasOwn(value, required)) problems.push(`${where}.${required} is missing`);
  }
  for (const [key, part] of Object.entries(value)) {
    const use = Object.hasOwn(model.properties, key) ? model.properties[key] : undefined;
    if (!use) problems.push(`${where}.${key} is not described`);
    else problems.push(...valueProblems(use, part, models, `${where}.${key}`));
  }
  return problems;
}

export function valueProblems(use: TypeUse, value: unknown, models: Models, where: string): string[] {
  if (use.enum) return use.enum.includes(value) ? [] : [`${where} is none of its enumerated values`];
  const type = use.$ref ?? use.type;
  if (type !== undefined && models[type]) return modelProblems(type, value, models, where);
  switch (type) {
    case 'array': {
      if (!Array.isArray(value)) return [`${where} is no array`];
      const { items } = use;
      return items ? value.flatMap((item, index) => valueProblems(items, item, models, `${where}[${index}]`)) : [];
    }
    case 'string':
      if (typeof value !== 'string') return [`${where} is no string`];
      return use.format === 'date-time' && !isDateTime(value) ? [`${where} is no date-time`] : [];
    case 'date-time':
      return typeof value === 'string' && isDateTime(value) ? [] : [`${where} is no date-time`];
    case 'integer': {
      const limit = use.format === 'int32' ? 2 ** 31 : 2 ** 53;
      return Number.isInteger(value) && Math.abs(value as number) < limit ? [] : [`${where} is no integer`];
    }
    case 'number':
      return typeof value === 'number' ? [] : [`${where} is no number`];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${where} is no boolean`];
    default:
      if (type?.startsWith('Map[')) {
        return typeof value === 'object' && value !== null && !Array.isArray(value) ? [] : [`${where} is no map`];
      }
      throw new Error(`type ${type} at ${where} is not described`);
  }
}

function isDateTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$/.test(text) && !Number.isNaN(Date.parse(text));
}
