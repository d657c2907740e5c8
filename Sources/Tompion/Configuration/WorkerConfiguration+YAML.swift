internal import PlatformYAML

extension WorkerConfiguration {
  mutating func apply(_ settings: YAMLValue) throws(YAMLError) {
    if settings.isNull { return }
    for entry in try settings.mapping.entries {
      let value = entry.value
      switch entry.key {
      case "app": app = try value.checked(Rules.app(value.scalarText))
      case "disable": isDisabled = try value.bool
      case "jobCenterService": try applyService(value)
      case "handlers": handlers = try Self.handlers(value)
      case "labels": labels = try Self.labels(value)
      case "labelMatching": labelMatching = try value.checked(Rules.matching(value.string))
      case "capacity": capacity = try value.checked(Rules.capacity(value.int))
      case "workerID": workerID = try value.checked(Rules.name(value.scalarText))
      case "token": token = try value.checked(Rules.token(value.scalarText))
      case "tls": tls = try Self.tls(value)
      default: throw entry.unknown
      }
    }
  }

  private mutating func applyService(_ settings: YAMLValue) throws(YAMLError) {
    for entry in try settings.mapping.entries {
      let value = entry.value
      switch entry.key {
      case "rpcAddress": servers = try value.checked(Rules.servers(value.string))
      case "namespace": namespace = try value.checked(Rules.name(value.scalarText))
      default: throw entry.unknown
      }
    }
  }

  private static func handlers(_ settings: YAMLValue) throws(YAMLError) -> [String: Handler] {
    var handlers: [String: Handler] = [:]
    for handler in try settings.mapping.entries {
      var configured = Handler()
      if !handler.value.isNull {
        for entry in try handler.value.mapping.entries {
          guard entry.key == "disable" else { throw entry.unknown }
          configured.isDisabled = try entry.value.bool
        }
      }
      handlers[handler.key] = configured
    }
    return handlers
  }

  private static func labels(_ settings: YAMLValue) throws(YAMLError) -> [String: String] {
    var labels: [String: String] = [:]
    for entry in try settings.mapping.entries { labels[entry.key] = try entry.value.scalarText }
    return try settings.checked(Rules.labels(labels))
  }

  private static func tls(_ settings: YAMLValue) throws(YAMLError) -> TLS {
    var tls = TLS()
    if settings.isNull { return tls }
    for entry in try settings.mapping.entries {
      guard entry.key == "ca" else { throw entry.unknown }
      tls.ca = try entry.value.string
    }
    return tls
  }
}

extension YAMLValue {
  fileprivate func checked<Value>(
    _ result: Result<Value, Rules.Broken>
  ) throws(YAMLError) -> Value {
    switch result {
    case .success(let value): return value
    case .failure(let broken): throw error(broken.message)
    }
  }
}

extension YAMLMapping.Entry {
  fileprivate var unknown: YAMLError {
    YAMLError(path: value.path, line: line, column: column, message: "unknown setting")
  }
}
