// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "Nightdrop",
    products: [
        .library(name: "Nightdrop", targets: ["Nightdrop"]),
        .library(name: "NightdropWatch", targets: ["NightdropWatch"]),
        .executable(name: "nightdrop", targets: ["NightdropCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),

        .target(name: "NightdropModel", swiftSettings: settings),
        .target(
            name: "NightdropFormats",
            dependencies: [
                "NightdropModel", "CZlib",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings),
        .target(name: "NightdropFiles", dependencies: ["NightdropModel"], swiftSettings: settings),
        .target(
            name: "NightdropJournal",
            dependencies: ["NightdropModel", "NightdropFormats", "NightdropFiles"],
            swiftSettings: settings),
        .target(
            name: "NightdropBundle",
            dependencies: ["NightdropModel", "NightdropFormats", "NightdropFiles", "CArchive"],
            swiftSettings: settings),
        .target(
            name: "NightdropMerge", dependencies: ["NightdropModel", "NightdropFormats"], swiftSettings: settings),
        .target(
            name: "NightdropStore",
            dependencies: ["NightdropModel", "NightdropFormats", "NightdropMerge"],
            swiftSettings: settings),
        .target(
            name: "NightdropStoreSQLite",
            dependencies: [
                "NightdropStore",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: settings),
        .target(
            name: "Nightdrop",
            dependencies: [
                "NightdropJournal", "NightdropBundle", "NightdropMerge", "NightdropStore", "NightdropStoreSQLite",
            ],
            swiftSettings: settings),
        .target(
            name: "NightdropWatch",
            dependencies: ["Nightdrop", "NightdropBundle", "NightdropFiles", "NightdropFormats", "NightdropModel"],
            swiftSettings: settings),
        .executableTarget(
            name: "NightdropCommand",
            dependencies: [
                "Nightdrop", "NightdropBundle", "NightdropFiles", "NightdropFormats", "NightdropJournal",
                "NightdropModel", "NightdropStore", "NightdropWatch",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "TradingYear", dependencies: ["Nightdrop", "NightdropSimulation"], path: "Tools/TradingYear",
            swiftSettings: settings),

        .executableTarget(
            name: "ExampleTill", dependencies: ["Nightdrop"], path: "Tools/ExampleTill", swiftSettings: settings),

        .executableTarget(
            name: "NightdropBench",
            dependencies: [
                "Nightdrop", "NightdropWatch", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tools/Benchmarks/Sources", swiftSettings: settings),

        .target(
            name: "NightdropSimulation", dependencies: ["Nightdrop", "NightdropStore"],
            path: "Tools/Simulation/History",
            swiftSettings: settings),
        .executableTarget(
            name: "NightdropSimulator",
            dependencies: [
                "NightdropSimulation", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tools/Simulation/Simulator", swiftSettings: settings),

        .target(
            name: "NightdropFilesTesting", dependencies: ["NightdropFiles"],
            path: "Tests/Support/NightdropFilesTesting", swiftSettings: settings),
        .testTarget(
            name: "NightdropFilesTests", dependencies: ["NightdropFiles", "NightdropFilesTesting"],
            swiftSettings: settings),
        .testTarget(
            name: "NightdropFormatsTests", dependencies: ["NightdropFormats", "NightdropModel"],
            swiftSettings: settings),
        .testTarget(
            name: "NightdropBundleTests",
            dependencies: [
                "NightdropBundle", "NightdropFormats", "NightdropFiles", "NightdropModel", "NightdropFilesTesting",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "NightdropJournalTests",
            dependencies: [
                "NightdropJournal", "NightdropFiles", "NightdropFormats", "NightdropModel", "NightdropFilesTesting",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "FormatVectorsTests",
            dependencies: ["NightdropModel", "NightdropFormats", "NightdropFiles", "NightdropBundle"],
            swiftSettings: settings),
        .testTarget(
            name: "NightdropMergeTests",
            dependencies: ["NightdropMerge", "NightdropStoreSQLite", "NightdropFormats", "NightdropModel"],
            swiftSettings: settings),
        .testTarget(
            name: "NightdropWatchTests",
            dependencies: [
                "NightdropWatch", "Nightdrop", "NightdropFiles", "NightdropFormats", "NightdropModel",
                "NightdropFilesTesting",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "CommandTests", dependencies: ["NightdropCommand", "NightdropFormats"], swiftSettings: settings),
        .testTarget(
            name: "NightdropTests",
            dependencies: [
                "ExampleTill", "Nightdrop", "NightdropJournal", "NightdropBundle", "NightdropFiles", "NightdropFormats",
                "NightdropMerge", "NightdropModel",
                "NightdropStore", "NightdropFilesTesting",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "CrashTests",
            dependencies: [
                "NightdropCommand", "Nightdrop", "NightdropJournal", "NightdropBundle", "NightdropFiles",
                "NightdropFormats", "NightdropModel",
            ],
            swiftSettings: settings),
        .testTarget(name: "SimulationTests", dependencies: ["NightdropSimulation"], swiftSettings: settings),
    ]
)
