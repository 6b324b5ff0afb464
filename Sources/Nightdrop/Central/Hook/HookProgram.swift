import Glibc
import NightdropModel

/// Why a program gave no answer, as a clause that begins with "it".
struct HookFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A program that reads a question from its standard input and writes the answer to its standard output.
///
/// It runs without a shell and in its own process group, which is killed after the time limit. The question is a file without
/// a name, so that a program that does not read it cannot hold us up.
struct HookProgram {
    let path: String
    let seconds: Double

    /// The longest answer, and the longest complaint that is looked at.
    private static let answerBytes = Limits.operationBytes
    private static let complaintBytes = 300

    /// The answer to a question.
    func run(_ question: [UInt8]) throws(HookFailure) -> [UInt8] {
        let input = try HookProgram.file(question)
        defer { close(input) }
        let output = try Pipe()
        defer { output.end() }
        let complaints = try Pipe()
        defer { complaints.end() }
        let process = try spawn(input, output.write, complaints.write)
        output.endWriting()
        complaints.endWriting()
        return try HookRun(process, output.read, complaints.read).answer(
            within: seconds, most: HookProgram.answerBytes, complaint: HookProgram.complaintBytes)
    }

    private func spawn(_ input: Int32, _ output: Int32, _ complaints: Int32) throws(HookFailure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, complaints, STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(path), nil]
        let search = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        var environment: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=" + search), strdup("LANG=C.UTF-8"), nil]
        defer { (arguments + environment).forEach { free($0) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, path, &actions, &attributes, &arguments, &environment)
        guard code == 0 else {
            throw HookFailure(
                code == ENOENT ? "there is no program \(path)" : "\(path) cannot be started: \(HookProgram.words(code))"
            )
        }
        return process
    }

    /// A file without a name, to be read from its beginning.
    private static func file(_ bytes: [UInt8]) throws(HookFailure) -> Int32 {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var name = Array((folder + "/nightdrop-question.XXXXXX").utf8CString)
        let file = mkstemp(&name)
        guard file >= 0 else { throw HookFailure("no question can be written to \(folder): \(words(errno))") }
        unlink(name)
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        let written = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        guard written == bytes.count, lseek(file, 0, SEEK_SET) == 0 else {
            close(file)
            throw HookFailure("no question can be written to \(folder): \(words(errno))")
        }
        return file
    }

    static func words(_ code: Int32) -> String { String(cString: strerror(code)) }
}

/// A pipe whose ends no program inherits by itself.
private final class Pipe {
    let read: Int32
    private(set) var write: Int32

    init() throws(HookFailure) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw HookFailure("no answer can be read: \(HookProgram.words(errno))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (read, write) = (ends[0], ends[1])
    }

    func endWriting() {
        if write >= 0 { close(write) }
        write = -1
    }

    func end() {
        endWriting()
        close(read)
    }
}

/// A program that runs.
private struct HookRun {
    private let process: pid_t
    private let output: Int32
    private let complaints: Int32

    init(_ process: pid_t, _ output: Int32, _ complaints: Int32) {
        self.process = process
        self.output = output
        self.complaints = complaints
    }

    func answer(within seconds: Double, most: Int, complaint: Int) throws(HookFailure) -> [UInt8] {
        let deadline = HookRun.now() + seconds
        var answer: [UInt8] = []
        var said: [UInt8] = []
        var (isOpen, isComplaining) = (true, true)
        var status: Int32?
        while isOpen || status == nil {
            guard HookRun.now() < deadline else {
                end()
                throw HookFailure("it took longer than \(HookRun.text(seconds))")
            }
            var polled = [
                pollfd(fd: isOpen ? output : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isComplaining ? complaints : -1, events: Int16(POLLIN), revents: 0),
            ]
            poll(&polled, 2, isOpen ? 20 : 1)
            if polled[0].revents != 0 { isOpen = HookRun.take(output, &answer, most + 1) }
            if polled[1].revents != 0 { isComplaining = HookRun.take(complaints, &said, complaint) }
            guard answer.count <= most else {
                end()
                throw HookFailure("its answer has more than \(most) bytes")
            }
            if status == nil { status = exitStatus() }
        }
        guard status == 0 else {
            let line = String(decoding: said, as: UTF8.self).split(whereSeparator: \.isNewline).last.map(String.init)
            let plain = line?.unicodeScalars.filter { $0.properties.generalCategory != .control }
            let what = plain.map { ": " + String(String.UnicodeScalarView($0)) } ?? ""
            throw HookFailure("it ended with \(HookRun.words(status ?? 0))\(what)")
        }
        return answer
    }

    /// How it has ended; nil while it runs.
    private func exitStatus() -> Int32? {
        var status: Int32 = 0
        let ended = waitpid(process, &status, WNOHANG)
        return ended == 0 ? nil : status
    }

    /// Kills it with all that it has started.
    private func end() {
        kill(-process, SIGKILL)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    }

    /// Reads what is there, and keeps so much of it. False at the end.
    private static func take(_ file: Int32, _ bytes: inout [UInt8], _ most: Int) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(file, &buffer, buffer.count)
        if count < 0 { return errno == EINTR || errno == EAGAIN }
        bytes.append(contentsOf: buffer[..<min(count, max(0, most - bytes.count))])
        return count > 0
    }

    private static func words(_ status: Int32) -> String {
        status & 0x7F == 0 ? "status \(status >> 8 & 0xFF)" : "signal \(status & 0x7F)"
    }

    private static func text(_ seconds: Double) -> String {
        let number = seconds == seconds.rounded() ? String(Int(seconds)) : String(seconds)
        return number == "1" ? "1 second" : "\(number) seconds"
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
