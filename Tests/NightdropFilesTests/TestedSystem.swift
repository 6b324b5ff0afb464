import Foundation
import NightdropFiles
import NightdropFilesTesting

/// The file systems that the contract is tested on, each with an empty directory.
enum TestedSystem: CaseIterable, Sendable {
    case disk, memory, faultless

    func run(_ body: (any FileSystem, String) throws -> Void) throws {
        let (system, root) = try start()
        defer { finish(root) }
        try body(system, root)
    }

    func runAsync(_ body: (any FileSystem, String) async throws -> Void) async throws {
        let (system, root) = try start()
        defer { finish(root) }
        try await body(system, root)
    }

    private func start() throws -> (any FileSystem, String) {
        let system: any FileSystem =
            switch self {
            case .disk: DiskFileSystem()
            case .memory: CrashFileSystem()
            case .faultless: FaultFileSystem(over: CrashFileSystem())
            }
        let root = self == .disk ? temporaryDirectory() : "/root"
        try system.createDirectory(root)
        return (system, root)
    }

    private func finish(_ root: String) {
        if self == .disk { try? FileManager.default.removeItem(atPath: root) }
    }
}

/// The path of a directory that does not exist yet.
func temporaryDirectory() -> String {
    FileManager.default.temporaryDirectory.appending(path: "nightdrop-\(UUID())").path(percentEncoded: false)
}

/// The kind of the file error that `body` throws.
func kind(_ body: () throws -> Void) -> FileError.Kind? {
    do {
        try body()
        return nil
    } catch {
        return (error as? FileError)?.kind
    }
}

/// A text as bytes that may be written.
func bytes(_ text: StaticString) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
}

extension OpenFile {
    func text(at offset: Int64, _ count: Int) throws -> String {
        var buffer = [UInt8](repeating: 0, count: count)
        let found = try buffer.withUnsafeMutableBytes { try read(into: $0, at: offset) }
        return String(decoding: buffer[..<found], as: UTF8.self)
    }
}
