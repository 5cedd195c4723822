import { createJudge, type Exchange } from './swagger-1.2.ts';

/** The judge of Swagger 1.2 descriptions, by a small description made for it: one valid exchange, then each way to err. */
const description = [
  {
    swaggerVersion: '1.2',
    resourcePath: '/parcel',
    apis: [
      {
        path: '/parcel/{code}',
        operations: [
          {
            method: 'PUT',
            type: 'void',
            consumes: ['application/json'],
            produces: ['application/json'],
            parameters: [
              { name: 'code', required: true, type: 'string', paramType: 'path' },
              { name: 'urgent', required: false, type: 'boolean', paramType: 'query' },
              { name: 'body', required: true, type: 'Parcel', paramType: 'body' },
            ],
            responseMessages: [
              { code: 204, message: 'Changed' },
              { code: 404, message: 'No such parcel', responseModel: 'Trouble' },
              { code: 400, message: 'Nonsense' },
            ],
          },
          { method: 'DELETE', type: 'void', parameters: [], responseMessages: [{ code: 204, message: 'Gone' }] },
        ],
      },
      {
        path: '/parcel/list',
        operations: [
          {
            method: 'GET',
            type: 'array',
            items: { $ref: 'Parcel' },
            produces: ['application/json'],
            parameters: [
              { name: 'pageSize', required: true, type: 'integer', paramType: 'query' },
              { name: 'since', required: false, type: 'ISODateParam', paramType: 'query' },
            ],
          },
        ],
      },
    ],
    models: {
      Parcel: {
        required: ['grams'],
        properties: {
          grams: { type: 'integer', format: 'int32' },
          sent: { $ref: 'date-time' },
          size: { $ref: 'Size', enum: ['SMALL', 'LARGE'] },
          fragile: { type: 'boolean' },
          labels: { $ref: 'Map[string,Object]' },
          price: { type: 'number' },
          stops: { type: 'array', items: { $ref: 'Stop' } },
        },
      },
      Stop: { required: ['city'], properties: { city: { type: 'string' } } },
      Trouble: { required: ['kind'], properties: { kind: { type: 'string' } } },
    },
  },
];

const judge = createJudge(description);

const change: Exchange = {
  method: 'PUT',
  target: '/parcel/abc?urgent=true&oauth_nonce=1',
  requestType: 'application/json; charset=utf-8',
  accept: 'application/json',
  requestBody: JSON.stringify({
    grams: 5,
    sent: '2026-01-01T10:00:00Z',
    size: 'SMALL',
    fragile: true,
    labels: { any: [1, null] },
    price: 1.5,
    stops: [{ city: 'Breda' }],
  }),
  status: 204,
  answerType: undefined,
  answerBody: '',
};

const list: Exchange = {
  method: 'GET',
  target: '/parcel/list?pageSize=10&since=2026-01-01T00:00:00%2B01:00',
  requestType: undefined,
  accept: '*/*',
  requestBody: '',
  status: 200,
  answerType: 'application/json',
  answerBody: '[{"grams":1}]',
};

function body(value: unknown): Exchange {
  return { ...change, requestBody: JSON.stringify(value) };
}

describe('the judge of Swagger 1.2 descriptions', () => {
  it.each([
    ['a change', change],
    ['a list', list],
    ['a described refusal', { ...change, status: 404, answerType: 'application/json', answerBody: '{"kind":"LOST"}' }],
    ['a refusal without a model', { ...change, status: 400, answerType: 'text/plain', answerBody: 'no' }],
    ['a removal', { ...change, method: 'DELETE', target: '/parcel/abc', requestBody: '', requestType: undefined }],
  ])('takes %s for valid', (_what, exchange) => {
    expect(judge.problems(exchange)).toEqual([]);
  });

  it.each<[string, Exchange, RegExp]>([
    ['an unknown path', { ...change, target: '/parcels/abc' }, /is not described/],
    ['an unknown method', { ...change, method: 'PATCH' }, /is not described/],
    [
      'a method that only the template behind a literal path has',
      { ...change, target: '/parcel/list' },
      /is not described/,
    ],
    ['an unknown parameter', { ...change, target: '/parcel/abc?fast=true' }, /unknown parameter fast/],
    ['a repeated parameter', { ...change, target: '/parcel/abc?urgent=true&urgent=true' }, /more than once/],
    ['a boolean that is none', { ...change, target: '/parcel/abc?urgent=yes' }, /no boolean/],
    ['a missing parameter', { ...list, target: '/parcel/list' }, /pageSize is missing/],
    ['an integer that is none', { ...list, target: '/parcel/list?pageSize=ten' }, /no integer/],
    ['a date that is none', { ...list, target: '/parcel/list?pageSize=1&since=monday' }, /no ISO date/],
    ['a missing body', { ...change, requestBody: '' }, /body is missing/],
    ['an unexpected body', { ...list, requestBody: '{}' }, /a body where none/],
    ['a body of another media type', { ...change, requestType: 'text/plain' }, /media type/],
    ['a body that is no JSON', { ...change, requestBody: '{' }, /not JSON/],
    ['a client that takes no JSON', { ...list, accept: 'text/html' }, /accepts only/],
    ['a missing property', body({ fragile: true }), /body\.grams is missing/],
    ['an undescribed property', body({ grams: 1, colour: 'red' }), /body\.colour is not described/],
    ['a fraction for an integer', body({ grams: 1.5 }), /no integer/],
    ['an integer beyond int32', body({ grams: 2 ** 31 }), /no integer/],
    ['null', body({ grams: 1, fragile: null }), /no boolean/],
    ['a value outside an enumeration', body({ grams: 1, size: 'HUGE' }), /enumerated/],
    ['an epoch for a date', body({ grams: 1, sent: 1_767_225_600_000 }), /no date-time/],
    ['a text for a number', body({ grams: 1, price: '1.5' }), /no number/],
    ['a list for a map', body({ grams: 1, labels: [] }), /no map/],
    ['an object for a list', body({ grams: 1, stops: {} }), /no array/],
    [
      'a wrong item deep inside',
      body({ grams: 1, stops: [{ city: 'A' }, { city: 3 }] }),
      /stops\[1\]\.city is no string/,
    ],
    ['an undescribed status', { ...change, status: 202 }, /status 202 is not described/],
    ['200 where another success is described', { ...change, status: 200 }, /status 200 is not described/],
    ['an answer where none is described', { ...change, answerBody: '{}' }, /a body where none/],
    ['an answer of another media type', { ...list, answerType: 'text/html' }, /media type/],
    ['an answer that is cut', { ...list, answerBody: '[{"grams":' }, /not JSON/],
    ['an answer of another form', { ...list, answerBody: '{"parcels":[]}' }, /no array/],
    [
      'a refusal without its model',
      { ...change, status: 404, answerType: 'application/json', answerBody: '{"error":"x"}' },
      /kind is missing/,
    ],
  ])('objects to %s', (_what, exchange, problem) => {
    expect(judge.problems(exchange).join('\n')).toMatch(problem);
  });

  it('lets a documented exception pass for its operation only', () => {
    const excepting = createJudge(description, [
      { method: 'PUT', path: '/parcel/{code}', status: 410, source: 'manual' },
    ]);

    expect(excepting.problems({ ...change, status: 410 })).toEqual([]);
    expect(excepting.problems({ ...list, status: 410 })).not.toEqual([]);
  });

  it('names the operation that describes an exchange', () => {
    expect(judge.operationOf(list)).toBe('GET /parcel/list');
    expect(judge.operationOf({ ...list, target: '/elsewhere' })).toBeUndefined();
    expect(judge.operations).toEqual(['PUT /parcel/{code}', 'DELETE /parcel/{code}', 'GET /parcel/list']);
  });

  it('refuses a description of another format', () => {
    expect(() => createJudge({ swaggerVersion: '2.0', apis: [] })).toThrow('not a Swagger 1.2');
  });
});
