import ControlAPI
import Engine
import PlatformHTTP

/// Describes routes in OpenAPI 3.1.
enum OpenAPIDocument {
  static func bytes(of routes: [Route], version: String) -> [UInt8] {
    (try? JSON.bytes(document(of: routes, version: version))) ?? []
  }

  private static func document(of routes: [Route], version: String) -> JSONValue {
    var schemas = SchemaRegistry()
    var paths: [String: JSONValue] = [:]
    for route in routes {
      let operation: JSONValue = [
        route.method.rawValue.lowercased(): .object(operation(route, &schemas))
      ]
      paths[route.path] = (paths[route.path] ?? .object([:])).merged(with: operation)
    }
    _ = schemas.reference(to: Problem.self)
    _ = schemas.reference(to: EventInfo.self)
    return [
      "openapi": "3.1.0",
      "info": [
        "title": "Tompion", "version": .string(version),
        "description": "Decides when work runs, hands it to workers, and remembers how it went.",
        "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
      ],
      "servers": [["url": "/"]],
      "paths": .object(paths),
      "components": [
        "schemas": .object(schemas.schemas),
        "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]],
        "responses": ["Problem": problem],
      ],
    ]
  }

  private static let problem: JSONValue = [
    "description": "What was wrong, as RFC 9457 writes it down.",
    "content": [
      "application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]
    ],
  ]

  private static func operation(
    _ route: Route,
    _ schemas: inout SchemaRegistry
  ) -> [String: JSONValue] {
    var operation: [String: JSONValue] = [
      "operationId": .string(route.name), "summary": .string(route.summary),
      "responses": .object(answers(route, &schemas)),
    ]
    let parameters = pathParameters(route) + route.query.map(queryParameter) + headers(route)
    if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
    if let body = body(route) { operation["requestBody"] = body }
    operation["security"] = route.isGuarded ? [["token": []], .object([:])] : []
    return operation
  }

  // MARK: What it takes

  private static func pathParameters(_ route: Route) -> [JSONValue] {
    route.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { segment in
      [
        "name": .string(String(segment.dropFirst().dropLast())), "in": "path", "required": true,
        "schema": ["type": "string"],
      ]
    }
  }

  private static func queryParameter(_ parameter: QueryParameter) -> JSONValue {
    [
      "name": .string(parameter.name), "in": "query",
      "description": .string(parameter.summary), "schema": parameter.kind.schema,
    ]
  }

  private static func headers(_ route: Route) -> [JSONValue] {
    var headers: [JSONValue] = []
    if route.isConditional {
      headers.append([
        "name": "If-Match", "in": "header", "schema": ["type": "string"],
        "description": "The ETag that must still be current; a stale one is 412.",
      ])
    }
    if route.isRepeatable {
      headers.append([
        "name": "Idempotency-Key", "in": "header",
        "schema": ["type": "string", "minLength": 1, "maxLength": 255],
        "description": "A repeat within a day gets the first answer; with another body, 409.",
      ])
    }
    return headers
  }

  private static func body(_ route: Route) -> JSONValue? {
    switch route.body {
    case .none: nil
    case .optional(let fields) where fields.isEmpty: nil
    case .object(let fields):
      [
        "required": true,
        "content": ["application/json": ["schema": schema(of: fields, isPatch: false)]],
      ]
    case .optional(let fields):
      ["content": ["application/json": ["schema": schema(of: fields, isPatch: false)]]]
    case .patch(let fields):
      [
        "required": true,
        "content": [
          "application/merge-patch+json": ["schema": schema(of: fields, isPatch: true)]
        ],
      ]
    }
  }

  private static func schema(of fields: [Field], isPatch: Bool) -> JSONValue {
    var properties: [String: JSONValue] = [:]
    for field in fields {
      properties[field.name] = field.kind.schema.merged(
        with: ["description": .string(field.summary)]
      )
    }
    var schema: [String: JSONValue] = [
      "type": "object", "properties": .object(properties), "additionalProperties": false,
    ]
    let required = fields.filter { $0.isRequired && !isPatch }.map { JSONValue.string($0.name) }
    if !required.isEmpty { schema["required"] = .array(required) }
    return .object(schema)
  }

  // MARK: What it gives

  private static func answers(
    _ route: Route,
    _ schemas: inout SchemaRegistry
  ) -> [String: JSONValue] {
    var answers: [String: JSONValue] = ["default": ["$ref": "#/components/responses/Problem"]]
    for answer in route.answers {
      var described: [String: JSONValue] = ["description": .string(answer.summary)]
      if let mediaType = answer.mediaType {
        let schema = answer.type.map { schemas.reference(to: $0) } ?? .object([:])
        described["content"] = .object([mediaType: ["schema": schema]])
      }
      answers[String(answer.status)] = .object(described)
    }
    return answers
  }
}

extension Field.Kind {
  /// The kind as JSON Schema (draft 2020-12) puts it.
  var schema: JSONValue {
    switch self {
    case .name:
      [
        "type": "string", "minLength": 1, "maxLength": .integer(Int64(Field.longestName)),
        "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$",
      ]
    case .text(let most): ["type": "string", "maxLength": .integer(Int64(most))]
    case .base64: ["type": "string", "contentEncoding": "base64"]
    case .integer(let range):
      [
        "type": "integer", "minimum": .integer(Int64(range.lowerBound)),
        "maximum": .integer(Int64(range.upperBound)),
      ]
    case .boolean: ["type": "boolean"]
    case .duration(let range, let zero):
      [
        "type": "string", "examples": ["1m30s"],
        "$comment": .string(
          "\(range.lowerBound.text) to \(range.upperBound.text)\(zero ? ", or 0" : "")"
        ),
      ]
    case .time: ["type": "string", "format": "date-time"]
    case .choice(let choices): ["type": "string", "enum": .array(choices.map(JSONValue.string))]
    case .labels:
      [
        "type": "object", "maxProperties": .integer(Int64(Field.mostLabels)),
        "additionalProperties": [
          "type": "string", "maxLength": .integer(Int64(Field.longestLabelValue)),
        ],
      ]
    case .shardParams: ["type": "object", "additionalProperties": ["type": "string"]]
    }
  }
}
