from readiness import Findings, Severity, check
from readiness.facts.pods import Container
from readiness.facts.storage import Claims, volumes
from readiness.facts.workloads import Workload, Workloads

# Images, by the last part of their name, that are there to keep data.
_KEEPERS = frozenset(
    {
        *("cassandra", "clickhouse-server", "cockroach", "couchbase", "couchdb", "elasticsearch", "etcd", "gitea"),
        *("influxdb", "kafka", "mariadb", "minio", "mongo", "mongodb", "mysql", "neo4j", "opensearch", "postgres"),
        *("postgresql", "rabbitmq", "scylla", "timescaledb", "victoria-metrics", "zookeeper"),
    }
)
_LASTING = frozenset(
    {
        *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker"),
        *(
            "gcePersistentDisk",
            "glusterfs",
            "iscsi",
            "nfs",
            "persistentVolumeClaim",
            "portworxVolume",
            "quobyte",
            "rbd",
        ),
        *("scaleIO", "storageos", "vsphereVolume"),
    }
)


@check(Severity.HIGH)
def database_volume(workloads: Workloads, claims: Claims) -> Findings:
    """Every database keeps its data on a volume that outlives the pod.

    Why: data in the container's own file system or an emptyDir is gone with the pod: at the next rollout, drain or
    crash.
    Fix: give a StatefulSet a volumeClaimTemplate and mount it where the image keeps its data.
    Peers: none.
    Source: Kubernetes, "Persistent Volumes": https://kubernetes.io/docs/concepts/storage/persistent-volumes/
    """
    for workload in workloads.long_running():
        for container in workload.running():
            reference = container.reference
            name = reference.repository.rpartition("/")[2] if reference else ""
            if name in _KEEPERS:
                lasting = _lasting(workload, container, claims)
                said = f"writes to volume {lasting}" if lasting else "has no lasting volume"
                yield container.at("volumeMounts").expect(
                    bool(lasting), f"{container.title} ({name}) {said}, wants one from a claim"
                )


def _lasting(workload: Workload, container: Container, claims: Claims) -> str:
    """The first writable volume of the container that outlives the pod."""
    names = {v.name for v in volumes(workload) if v.source in _LASTING} | {c.name for c in claims.templates(workload)}
    mounts = (m for m in container.node.each("volumeMounts") if m.boolean("readOnly") is not True)
    return next((m.text("name") or "" for m in mounts if m.text("name") in names), "")
