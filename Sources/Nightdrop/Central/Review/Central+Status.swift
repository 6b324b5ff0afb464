import NightdropFormats
import NightdropModel
import NightdropStore

extension Central {
    /// What waits at head office: open conflicts by entity, and the operations that tills have no receipt for.
    public func status() throws -> NodeStatus {
        var status = NodeStatus(node: settings.id)
        try store.read { reader in
            try reader.conflicts(all: false) { status.tables[$0.entity, default: .init()].conflicts += 1 }
            status.lastExchange = try reader.terminals().map(\.seen).filter { $0 > 0 }.max()
        }
        return status
    }
}
