import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStore

extension Central {
    /// What waits at head office: open conflicts by entity, the operations that tills have no receipt for, and what somebody
    /// should look at.
    public func status() throws -> NodeStatus {
        try NightdropError.attempt {
            var status = NodeStatus(node: settings.id)
            status.rest = "nothing waits"
            var failed: [String: Int64] = [:]
            try store.read { reader in
                try reader.conflicts(all: false) { conflict in
                    status.tables[conflict.entity, default: .init()].conflicts += 1
                    failed[conflict.node, default: 0] += 1
                }
                let terminals = try reader.terminalsAsShown()
                status.lastExchange = terminals.map(\.seen).filter { $0 > 0 }.max()
                for terminal in terminals {
                    status.alerts += alerts(of: terminal, failed: failed[terminal.node.text] ?? 0)
                }
            }
            status.add(WatchReport.read(directory, fileSystem))
            status.checkSettings(in: directory, fileSystem)
            return status
        }
    }

    /// Brings `status.json` up to date, and returns what it says.
    public func writeStatus() throws -> NodeStatus {
        let status = try status()
        let bytes = status.json.bytes + [UInt8(ascii: "\n")]
        return try NightdropError.attempt {
            guard try fileSystem.contents(directory.status) != bytes else { return status }
            try fileSystem.publish(directory.status, durably: false) { file in
                try bytes.withUnsafeBytes { try file.write($0, at: 0) }
            }
            return status
        }
    }

    /// What somebody should look at of a terminal. `failed` are the open conflicts that its operations raised.
    public func alerts(of terminal: TerminalRow, failed: Int64 = 0) -> [Alert] {
        Alert.check(
            terminal.node, pending: terminal.pending, failed: failed, seen: terminal.seen,
            refused: terminal.refused, now: Clock.now(), limits: settings.watch)
    }
}
