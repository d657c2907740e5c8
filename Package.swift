// swift-tools-version: 6.2
import PackageDescription

/// A C library that every Debian and Ubuntu carries; its module map says what to link.
func library(_ name: String) -> Target {
  .systemLibrary(name: name, path: "Sources/Platform/\(name)")
}

/// Owned Swift types over one C library, or a small service that every part may use.
func platform(_ name: String, _ dependencies: Target.Dependency...) -> Target {
  .target(
    name: "Platform\(name)",
    dependencies: dependencies,
    path: "Sources/Platform/\(name)"
  )
}

/// The tests of one part; they mirror the sources.
func tests(_ name: String, at path: String, _ dependencies: Target.Dependency...) -> Target {
  .testTarget(name: name, dependencies: dependencies, path: "Tests/\(path)")
}

/// Whether this build is that of `make fuzz`: one executable, whose `main` is libFuzzer's.
let isFuzzing = Context.environment["TOMPION_FUZZ"] != nil

/// The command line. Among fuzz targets it is a module like any other, and its `main` has another name.
func command(_ name: String, _ dependencies: Target.Dependency...) -> Target {
  isFuzzing
    ? .target(name: name, dependencies: dependencies)
    : .executableTarget(name: name, dependencies: dependencies)
}

/// The fuzz targets: as tests over their corpus, or as that one executable.
func fuzzTargets(_ dependencies: Target.Dependency...) -> Target {
  isFuzzing
    ? .executableTarget(
      name: "tompion-fuzz",
      dependencies: dependencies,
      path: "Tests/Fuzz",
      exclude: ["Tests", "Corpus"]
    )
    : .testTarget(
      name: "FuzzTests",
      dependencies: dependencies,
      path: "Tests/Fuzz",
      exclude: ["Driver", "Corpus"]
    )
}

let package = Package(
  name: "tompion",
  products: (isFuzzing ? [] : [.executable(name: "tompion", targets: ["TompionCommand"])]) + [
    .library(name: "Tompion", targets: ["Tompion"]),
    .library(name: "TompionClient", targets: ["TompionClient", "ControlAPI"]),
  ],
  targets: [
    // Platform: knows nobody.
    library("CGRPC"),
    library("CEvent"),
    library("CCurl"),
    library("CSQLite"),
    library("CYAML"),
    library("CSodium"),
    platform("Runtime"),
    platform("Logging"),
    platform("Metrics"),
    .target(
      name: "CGRPCTuning",
      path: "Sources/Platform/CGRPCTuning",
      publicHeadersPath: ".",
      linkerSettings: [.linkedLibrary("absl_synchronization")]
    ),
    platform("GRPC", "CGRPC", "CGRPCTuning", "PlatformRuntime"),
    platform("HTTP", "CEvent", "CCurl", "PlatformRuntime"),
    platform("SQLite", "CSQLite"),
    platform("YAML", "CYAML"),
    platform("Crypto", "CSodium"),

    // Rules, and what keeps their outcome.
    .target(name: "Engine"),
    .target(name: "Store", dependencies: ["Engine"]),
    .target(
      name: "SQLiteStore",
      dependencies: ["Store", "Engine", "PlatformSQLite", "PlatformRuntime", "PlatformCrypto"]
    ),
    .target(
      name: "TompionTesting",
      dependencies: ["Store", "Engine", "PlatformRuntime"],
      path: "Sources/Testing"
    ),

    // The whole product in virtual time, and the oracle that watches it.
    .target(
      name: "Simulation",
      dependencies: ["Server", "Tompion", "Wire", "Store", "Engine", "TompionTesting"]
    ),
    .executableTarget(
      name: "tompion-simulate",
      dependencies: ["Simulation", "Engine"],
      path: "Sources/SimulationCommand"
    ),

    // What workers, clients and servers say to each other.
    .target(name: "CWire", path: "Sources/Wire/Generated", publicHeadersPath: "."),
    .target(
      name: "Wire",
      dependencies: ["CWire", "Engine"],
      path: "Sources/Wire",
      exclude: ["Generated"]
    ),

    // The control API: its values, and the client's side of it.
    .target(name: "ControlAPI"),
    .target(name: "TompionClient", dependencies: ["ControlAPI", "PlatformHTTP"]),
    command(
      "TompionCommand",
      "TompionClient",
      "ControlAPI",
      "Server",
      "SQLiteStore",
      "Store",
      "Engine",
      "PlatformRuntime",
      "PlatformYAML",
      "PlatformLogging",
      "PlatformMetrics",
      "PlatformHTTP",
      "PlatformGRPC"
    ),

    // What runs as long as the server does.
    .target(
      name: "Server",
      dependencies: [
        "ControlAPI", "Store", "Engine", "Wire", "PlatformRuntime", "PlatformLogging",
        "PlatformMetrics", "PlatformGRPC", "PlatformHTTP", "PlatformCrypto",
      ]
    ),

    // Products.
    .target(
      name: "Tompion",
      dependencies: [
        "Wire", "Engine", "PlatformGRPC", "PlatformYAML", "PlatformLogging", "PlatformCrypto",
        "PlatformRuntime",
      ]
    ),

    // Measures the others, from outside.
    .executableTarget(
      name: "tompion-bench",
      dependencies: [
        "Tompion", "TompionClient", "ControlAPI", "SQLiteStore", "Store", "Engine", "Wire",
        "PlatformRuntime", "PlatformGRPC", "PlatformHTTP",
      ],
      path: "Benchmarks"
    ),

    // Workers to look at and to try the server with.
    .executableTarget(
      name: "hello-worker",
      dependencies: ["Tompion"],
      path: "Examples/HelloWorker",
      exclude: ["config.yaml"]
    ),
    .executableTarget(
      name: "shard-worker",
      dependencies: ["Tompion"],
      path: "Examples/ShardWorker",
      exclude: ["config.yaml"]
    ),

    // The worker of the fault tests: it leaves evidence of what it did.
    .executableTarget(
      name: "ledger-worker",
      dependencies: ["Tompion"],
      path: "Tests/EndToEnd/LedgerWorker"
    ),

    // Tests mirror the sources.
    tests("PlatformGRPCTests", at: "Platform/GRPCTests", "PlatformGRPC"),
    tests("PlatformHTTPTests", at: "Platform/HTTPTests", "PlatformHTTP", "PlatformRuntime"),
    tests("PlatformSQLiteTests", at: "Platform/SQLiteTests", "PlatformSQLite"),
    tests(
      "PlatformTests",
      at: "Platform/PlatformTests",
      "PlatformYAML",
      "PlatformCrypto",
      "PlatformLogging",
      "PlatformMetrics",
      "PlatformRuntime"
    ),
    .testTarget(
      name: "EngineTests",
      dependencies: ["Engine"],
      exclude: ["Schedules/oracle.py"]
    ),
    tests("StoreTests", at: "StoreTests", "Store", "SQLiteStore", "Engine", "TompionTesting"),
    tests(
      "SQLiteStoreTests",
      at: "SQLiteStoreTests",
      "SQLiteStore",
      "PlatformSQLite",
      "Store",
      "Engine",
      "TompionTesting"
    ),
    tests("WireTests", at: "WireTests", "Wire", "Engine"),
    tests(
      "TompionTests",
      at: "TompionTests",
      "Tompion",
      "Wire",
      "Engine",
      "PlatformGRPC",
      "PlatformLogging"
    ),
    tests(
      "ServerTests",
      at: "ServerTests",
      "Server",
      "ControlAPI",
      "PlatformHTTP",
      "PlatformMetrics",
      "Store",
      "SQLiteStore",
      "Engine",
      "Wire",
      "Tompion",
      "PlatformGRPC",
      "PlatformRuntime",
      "TompionTesting"
    ),
    tests(
      "TompionClientTests",
      at: "TompionClientTests",
      "TompionClient",
      "ControlAPI",
      "Server",
      "Store",
      "Engine",
      "TompionTesting",
      "PlatformHTTP"
    ),
    tests(
      "TompionCommandTests",
      at: "TompionCommandTests",
      "TompionCommand",
      "TompionClient",
      "ControlAPI"
    ),
    fuzzTargets(
      "Engine",
      "Store",
      "SQLiteStore",
      "TompionTesting",
      "Wire",
      "ControlAPI",
      "Server",
      "Tompion",
      "TompionCommand",
      "PlatformRuntime",
      "PlatformLogging",
      "PlatformYAML",
      "PlatformHTTP",
      "PlatformGRPC"
    ),
  ],
  cxxLanguageStandard: .cxx17
)

/// C and C++ take no Swift settings.
let isSwift = { (target: Target) in
  ![.system, .plugin, .binary].contains(target.type)
    && !["CWire", "CGRPCTuning"].contains(target.name)
}

for target in package.targets where isSwift(target) {
  target.swiftSettings = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
  ]
}

if isFuzzing {
  let rename = ["-entry-point-function-name", "tompion_main"].flatMap { ["-Xfrontend", $0] }
  for target in package.targets where target.name == "TompionCommand" {
    target.swiftSettings?.append(.unsafeFlags(rename))
  }
}
