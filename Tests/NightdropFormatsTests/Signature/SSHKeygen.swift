import Foundation

/// A temporary directory in which the real ssh-keygen runs.
final class SSHKeygen: Sendable {
    let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "nightdrop-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    struct Result {
        let isSuccess: Bool
        let output: String
    }

    /// Runs `ssh-keygen` in the directory.
    func run(_ arguments: [String], input: [UInt8] = []) throws -> Result {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["ssh-keygen"] + arguments
        process.currentDirectoryURL = directory
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        let inputName = UUID().uuidString
        try write(input, to: inputName)
        process.standardInput = try FileHandle(forReadingFrom: directory.appending(path: inputName))
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Result(isSuccess: process.terminationStatus == 0, output: String(decoding: bytes, as: UTF8.self))
    }

    func write(_ bytes: [UInt8], to name: String, permissions: Int = 0o600) throws {
        let file = directory.appending(path: name)
        try Data(bytes).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: file.path())
    }

    func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

    func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: directory.appending(path: name))) }

    /// A key of ssh-keygen's own making, in the files `name` and `name.pub`.
    func makeKey(_ name: String, type: String = "ed25519", passphrase: String = "") throws {
        let arguments = ["-q", "-t", type, "-N", passphrase, "-C", "made for \(name)", "-f", name]
        guard try run(arguments).isSuccess else { throw CocoaError(.fileWriteUnknown) }
    }

    /// ssh-keygen's signature of `message`.
    func sign(_ message: [UInt8], namespace: String, key: String, hash: String = "sha512") throws -> [UInt8] {
        let name = UUID().uuidString
        try write(message, to: name)
        let arguments = ["-q", "-Y", "sign", "-f", key, "-n", namespace, "-O", "hashalg=\(hash)", name]
        guard try run(arguments).isSuccess else { throw CocoaError(.fileWriteUnknown) }
        return try read(name + ".sig")
    }

    /// Whether ssh-keygen accepts a signature at a time such as `20261120180000Z`.
    func accepts(
        _ signature: [UInt8], of message: [UInt8], namespace: String, principal: String, allowed: [UInt8],
        time: String = "20261120180000Z"
    ) throws -> Bool {
        let name = UUID().uuidString
        try write(signature, to: name + ".sig")
        try write(allowed, to: name + ".allowed")
        let arguments = [
            "-Y", "verify", "-f", name + ".allowed", "-I", principal, "-n", namespace, "-s", name + ".sig",
            "-O", "verify-time=\(time)",
        ]
        return try run(arguments, input: message).isSuccess
    }
}
