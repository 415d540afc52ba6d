import queue
import threading

pages = queue.Queue(maxsize=2)


def send():
    for n in range(1, 4):
        pages.put(f"page {n}")  # waits while the queue is full
    pages.put(None)  # a queue cannot be closed: None says "no more"


threading.Thread(target=send).start()
while (page := pages.get()) is not None:
    print(page, "has come")
print("no sender is left")
